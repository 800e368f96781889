"""dHash: bits as defined, stable under rescaling, far apart for other pictures."""

import io

import numpy as np
from PIL import Image

from memecap.pictures import dhash


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    grid = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)


def distance(first: int, second: int) -> int:
    """How many of the 64 bits differ."""
    return (first ^ second).bit_count()


def test_a_bit_is_set_where_the_right_neighbour_is_brighter() -> None:
    rising = np.tile(np.arange(9, dtype=np.uint8) * 20, (8, 1))
    assert dhash.dhash(Image.fromarray(rising)) == 2**64 - 1
    assert dhash.dhash(Image.fromarray(rising[:, ::-1].copy())) == 0
    first_row_only = np.zeros((8, 9), dtype=np.uint8)
    first_row_only[0] = np.arange(9)
    assert dhash.dhash(Image.fromarray(first_row_only)) == 0xFF << 56


def test_rescaling_and_recompression_move_few_bits() -> None:
    for seed in range(20):
        original = picture(seed)
        buffer = io.BytesIO()
        original.resize((500, 375)).save(buffer, "JPEG", quality=60)
        again = Image.open(buffer)
        assert distance(dhash.dhash(original), dhash.dhash(again)) <= 4


def test_other_pictures_are_far() -> None:
    hashes = [dhash.dhash(picture(seed)) for seed in range(30)]
    far = [distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(far) > 8


def test_every_mode_has_a_hash() -> None:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"):
        assert 0 <= dhash.dhash(picture(3).convert(mode)) < 2**64
