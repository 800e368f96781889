"""A picture with text on it stays whole and unmirrored whatever the chance; a photograph does not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memecap.errors import ConfigError
from memecap.reading.base import Line, Reading
from memecap.training.augmentation import Noise, augment, is_photograph, simulate_reading
from memecap.training.config import TrainConfig
from memecap.training.run import train

NOTHING_READ = Reading((), 80, 60, "test")
READ = Reading((Line("СТОП", (1, 2, 30, 9), 0.2),), 80, 60, "test")
CORNERS = {"red": (0, 0), "green": (1, 0), "blue": (0, 1), "white": (1, 1)}


@pytest.fixture
def picture() -> Image.Image:
    """Black with a coloured square in each corner."""
    painted = Image.new("RGB", (80, 60), "black")
    for colour, (x, y) in CORNERS.items():
        painted.paste(Image.new("RGB", (20, 20), colour), (60 * x, 40 * y))
    return painted


def corners(picture: Image.Image) -> tuple[str, ...]:
    """The colour of each corner, and `cut` where the square there has lost a third of its side."""
    found = []
    for x, y in CORNERS.values():
        part = np.asarray(picture.crop((40 * x, 30 * y, 40 * x + 40, 30 * y + 30)).convert("RGB"), dtype=float)
        bright = part.max(axis=2) > 80
        colour = part[bright].mean(axis=0)
        named = min(CORNERS, key=lambda name: float(np.abs(np.array(Image.new("RGB", (1, 1), name)) - colour).sum()))
        found.append(named if bright.sum() > 13 * 13 else "cut")
    return tuple(found)


def changed(picture: Image.Image, *captions: str, photograph: bool) -> list[tuple[Image.Image, tuple[str, ...]]]:
    made = [augment(picture, captions, random.Random(seed), photograph=photograph) for seed in range(60)]
    return [(one, corners(one)) for one in made]


def test_text_is_never_mirrored_or_cut(picture: Image.Image) -> None:
    for one, seen in changed(picture, "кот", photograph=False):
        assert one.size == picture.size
        assert seen == tuple(CORNERS)


def test_a_photograph_is_mirrored_and_cropped(picture: Image.Image) -> None:
    found = changed(picture, "кот", photograph=True)
    mirrored = [seen for _, seen in found if seen[0] == "green" or seen[2] == "white"]
    assert 10 < len(mirrored) < 50
    assert any(one.size != picture.size for one, _ in found)


def test_left_stays_left(picture: Image.Image) -> None:
    for caption in ("Слева кот", "кот в левом углу", "пёс смотрит вправо"):
        for _, seen in changed(picture, "кот", caption, photograph=True):
            assert seen[0] in ("red", "cut")


def angle(picture: Image.Image) -> float:
    """Of the line from the white spot on the left to the one on the right, degrees against the clock."""
    levels = np.asarray(picture.convert("L"), dtype=float)
    ends = []
    for side in (slice(None, 100), slice(100, None)):
        y, x = np.nonzero(levels[:, side] > 128)
        ends.append((x.mean() + (side.start or 0), y.mean()))
    (x0, y0), (x1, y1) = ends
    return float(np.degrees(np.arctan2(y0 - y1, x1 - x0)))


def test_a_photograph_is_turned_by_ten_degrees_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    from memecap.training import augmentation

    for other in ("_crop", "_recolour", "_shrink", "_add_noise", "_compress"):
        monkeypatch.setattr(augmentation, other, lambda picture, rng: picture)
    painted = Image.new("RGB", (200, 200), "black")
    for x in (40, 150):
        painted.paste(Image.new("RGB", (10, 10), "white"), (x, 95))

    def turned(**how: object) -> list[float]:
        made = [augment(painted, ["слева кот"], random.Random(seed), **how) for seed in range(40)]  # type: ignore[arg-type]
        return [angle(one) for one in made]

    found = turned(photograph=True, rotation_degrees=10)
    assert max(found) < 10.5
    assert min(found) > -10.5
    assert max(found) > 8
    assert min(found) < -8
    assert max(map(abs, turned(photograph=False, rotation_degrees=10))) < 0.1  # text stays level
    assert max(map(abs, turned(photograph=True))) < 0.1  # and so does what nobody asked to turn


def test_corners_that_open_are_not_black(picture: Image.Image) -> None:
    light = Image.new("RGB", (80, 60), (200, 180, 160))
    made = [augment(light, ["кот"], random.Random(seed), photograph=True, rotation_degrees=10) for seed in range(20)]
    assert min(int(np.asarray(one).min()) for one in made) > 40


def test_a_rotation_wants_augmentation(settings: Callable[..., TrainConfig]) -> None:
    with pytest.raises(ConfigError, match="augment: true"):
        settings(stages=stage(augment=False, rotation_degrees=10))


@pytest.mark.parametrize(
    ("captions", "reading", "expected"),
    [
        (("кот",), NOTHING_READ, True),
        (("кот",), None, False),
        (("кот",), READ, False),
        (('кот с надписью "СТОП"',), NOTHING_READ, False),
    ],
)
def test_photographs(captions: tuple[str, ...], reading: Reading | None, expected: bool) -> None:
    assert is_photograph(captions, reading) is expected


def stage(**changes: object) -> list[dict[str, object]]:
    return [{"name": "seen", "corpora": ["second"], "epochs": 1, "lr": 0.01, "augment": True} | changes]


def test_stored_features_cannot_be_augmented(
    settings: Callable[..., TrainConfig], pictured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen = {"name": "toys.captioner", "sees": True, "frozen": True}
    with pytest.raises(ConfigError, match="stored features of a frozen encoder") as caught:
        train(settings(captioner=frozen, stages=stage()), tmp_path / "stored")
    assert "cache_features: false" in str(caught.value)
    with pytest.raises(ConfigError, match="no pictures"):
        train(settings(captioner={"name": "toys.captioner"}, stages=stage()), tmp_path / "blind")
    train(settings(captioner=frozen, stages=stage(cache_features=False)), tmp_path / "pixels")
    assert not (pictured / "features").exists()
    assert "stay unmirrored and whole: 20" in capsys.readouterr().err


def test_augmented_epochs_can_be_repeated(settings: Callable[..., TrainConfig], pictured: Path, tmp_path: Path) -> None:
    looks = {"name": "toys.captioner", "sees": True}
    runs = [
        train(settings(captioner=looks, stages=stage(augment=augmented)), tmp_path / f"{i}") / "run.json"
        for i, augmented in enumerate((True, True, False))
    ]
    first, second, plain = (json.loads(run.read_text())["weights_sha256"] for run in runs)
    assert first == second
    assert first != plain


QUOTING = 'Кот говорит: "где моя еда". Надпись снизу: «уже утро, вставай»'
NO_NOISE = Noise(lose_line=0, lose_word=0, alter_letter=0, add_speck=0, capitals=0)


def test_without_noise_it_is_the_quotes() -> None:
    assert simulate_reading(QUOTING, random.Random(1), NO_NOISE).text == "где моя еда уже утро, вставай"


def test_the_same_seed_gives_the_same_reading() -> None:
    assert simulate_reading(QUOTING, random.Random(5)) == simulate_reading(QUOTING, random.Random(5))
    assert len({simulate_reading(QUOTING, random.Random(seed)).text for seed in range(20)}) > 10


def test_a_caption_that_quotes_nothing() -> None:
    assert simulate_reading("кот спит", random.Random(0)).lines == ()


def test_rates() -> None:
    quoted = " ".join(["слово"] * 2000)
    rng = random.Random(0)
    found = simulate_reading(
        f'"{quoted}"', rng, Noise(lose_line=0, lose_word=0.25, alter_letter=0, add_speck=0, capitals=0)
    )
    assert 0.7 < len(found.text.split()) / 2000 < 0.8
    altered = simulate_reading(
        f'"{quoted}"', rng, Noise(lose_line=0, lose_word=0, alter_letter=0.1, add_speck=0, capitals=0)
    )
    whole = sum(word == "слово" for word in altered.text.split()) / 2000
    assert 0.9**5 - 0.05 < whole < 0.9**5 + 0.07  # a letter may be replaced by itself
    assert simulate_reading(f'"{quoted}"', rng, Noise(capitals=1)).text.isupper()
