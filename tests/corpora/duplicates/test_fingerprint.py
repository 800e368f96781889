"""A fingerprint: its size, its borders, its hash against a DCT written out."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageOps

from memecap.corpora.duplicates.fingerprint import CELLS, DTYPE, fingerprint, unpack


def noise(seed: int = 1) -> Image.Image:
    grey = np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8)
    return Image.fromarray(grey).resize((CELLS, CELLS), Image.Resampling.NEAREST)


def test_fingerprints_are_as_long_as_their_type_and_come_back_in_order() -> None:
    prints = [fingerprint(noise(seed)) for seed in (1, 2)]
    assert {len(made) for made in prints} == {DTYPE.itemsize}
    assert [one.tobytes() for one in unpack(prints)] == prints


def test_plain_borders_are_measured() -> None:
    framed = ImageOps.expand(noise(), (16, 0, 32, 64), fill=255)  # left, top, right, bottom of 304 × 320
    top, bottom, left, right = (int(n) for n in unpack([fingerprint(framed)])[0]["borders"])
    assert top <= 1
    for found, share in ((bottom, 64 / 320), (left, 16 / 304), (right, 32 / 304)):
        assert abs(found - share * CELLS) <= 2


def test_the_hash_is_the_signs_of_a_dct() -> None:
    cells = np.asarray(noise().resize((32, 32), Image.Resampling.BOX), dtype=float)
    waves = [
        sum(
            cells[y, x] * math.cos(math.pi * (y + 0.5) * v / 32) * math.cos(math.pi * (x + 0.5) * u / 32)
            for y in range(32)
            for x in range(32)
        )
        for v in range(1, 9)
        for u in range(1, 9)
    ]
    middle = float(np.median(waves))
    expected = int("".join(str(int(wave > middle)) for wave in waves), 2)
    assert int(unpack([fingerprint(noise())])[0]["phash"][0]) == expected
