"""What is looked at of a picture with text on it."""

import numpy as np
from drawn_scenes import scene
from PIL import Image

from memecap.memory.features import describe

BOX = (0, 220, 360, 280)


def lettered() -> Image.Image:
    """A scene whose lowest part is black and white at random, stronger than anything above it."""
    image = scene(1)
    noise = np.random.default_rng(0).integers(0, 2, (8, 48), np.uint8) * 255
    image.paste(Image.fromarray(noise).resize((360, 60), Image.Resampling.NEAREST), BOX[:2])
    return image


def test_text_takes_no_features_from_the_picture() -> None:
    everything, outside = describe(lettered(), at_most=100), describe(lettered(), [BOX], at_most=100)
    assert np.mean(everything.places[:, 1] > BOX[1]) > 0.9  # what the box is there for
    assert len(outside) == 100 and outside.places[:, 1].max() < BOX[1]


def test_the_strongest_come_first_and_survive_storing() -> None:
    many, few = describe(scene(2), [(0, 0, 40, 40)], at_most=300), describe(scene(2), [(0, 0, 40, 40)], at_most=60)
    assert (many.codes[:60] == few.codes).all() and (many.places[:60] == few.places).all()
    again = type(many).from_bytes(many.to_bytes())
    for name in ("places", "sizes", "codes"):
        assert (getattr(again, name) == getattr(many, name)).all()
    assert np.allclose(again.angles, many.angles, atol=1e-6)
