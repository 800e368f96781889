"""Parts of two pictures agree where they show the same, whichever of the two was cut or framed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from memecap.corpora.duplicates.alignment import similarity
from memecap.corpora.duplicates.fingerprint import fingerprint, unpack


def noise(seed: int) -> Image.Image:
    grey = np.random.default_rng(seed).integers(0, 256, (24, 24), dtype=np.uint8)
    return Image.fromarray(grey).resize((480, 480), Image.Resampling.BICUBIC)


def alike(one: Image.Image, other: Image.Image) -> float:
    return float(similarity(unpack([fingerprint(one)]), unpack([fingerprint(other)]))[0])


@pytest.mark.parametrize(
    "changed",
    [
        lambda p: p,
        lambda p: p.crop((15, 15, 465, 465)),
        lambda p: p.resize((300, 300)),
        lambda p: ImageOps.expand(p, 30),
    ],
    ids=["itself", "cropped", "smaller", "framed"],
)
def test_a_changed_copy_agrees_both_ways(changed) -> None:
    copy = changed(noise(1))
    assert alike(noise(1), copy) > 0.7
    assert alike(noise(1), copy) == alike(copy, noise(1))


def test_others_do_not_and_half_a_copy_does_by_half() -> None:
    assert alike(noise(1), noise(2)) < 0.2
    half = noise(1)
    half.paste(noise(2).crop((0, 240, 480, 480)), (0, 240))
    assert 0.25 < alike(noise(1), half) < 0.75


def test_where_nothing_is_to_be_seen_nothing_agrees() -> None:
    blank = Image.new("RGB", (300, 300), "white")
    assert alike(blank, blank) == 0
