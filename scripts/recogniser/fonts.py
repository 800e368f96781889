"""The fonts that lines are painted with: those with the Russian letters, the ones that memes use more often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

_NEEDED = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ0123456789.,!?")
_MEMES = (  # how likely a meme is set in it, by what its file name has
    (re.compile(r"Lobster"), 26.0),
    (re.compile(r"Oswald_[567]|ExtraCondensed_[6789]|RobotoCondensed_[789]|Condensed.*(Bold|Black)|Russo"), 4.0),
    (re.compile(r"Narrow-Bold|BebasNeue-[BR]"), 3.0),
    (re.compile(r"(LiberationSans|Arimo)-(Regular|Bold)|Roboto-(Regular|Medium|Bold|Black)|OpenSans"), 7.0),
    (re.compile(r"(Inter|NotoSans|Carlito|DejaVuSans)-?(Regular|Medium|SemiBold|Bold|Black)?\.[to]tf|PT[SN][57]"), 5.0),
    (re.compile(r"Montserrat|Rubik|Comfortaa|Balsamiq|Neucha|Ubuntu|Play|DKG|dkg"), 1.5),
    (re.compile(r"Pacifico|Caveat|Marck|BadScript|Times|LiberationSerif|Andika|Amatic"), 1.2),
)
_RARE = re.compile(r"Math|Symbol|Thin|Hairline|Variable|\[|UltraLight|ExtraLight|_100|_200|Slanted|Initials")


@dataclass(frozen=True)
class Fonts:
    """Font files with their characters and weights."""

    paths: Sequence[Path]
    characters: Sequence[frozenset[str]]
    weights: Sequence[float] = field(default_factory=list)

    @classmethod
    def find(cls, folders: Sequence[Path]) -> Fonts:
        """Every font below the folders that has the Russian letters, one of each file name, ordered by name."""
        files = {path.name: path for folder in folders for path in sorted(folder.rglob("*.[to]tf"))}
        found = [
            (path, known)
            for name, path in sorted(files.items())
            if not _RARE.search(name) and (known := _characters(path)) >= _NEEDED
        ]
        weights = [_weight(path.name) for path, _ in found]
        return cls([path for path, _ in found], [known for _, known in found], weights)


def _characters(path: Path) -> frozenset[str]:
    try:
        with TTFont(path, lazy=True) as font:
            return frozenset(map(chr, font.getBestCmap() or {}))
    except (TTLibError, OSError):
        return frozenset()


def _weight(name: str) -> float:
    weight = next((weight for pattern, weight in _MEMES if pattern.search(name)), 0.5)
    return weight * (0.4 if re.search(r"Ital|Obl", name) else 1.0)


@lru_cache(maxsize=2_000)
def opened(path: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels."""
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=20_000)
def extent(path: str, size: int) -> tuple[int, int]:
    """How far the letters of a face reach above and below the baseline, in pixels."""
    _, top, _, bottom = opened(path, size).getbbox("Ару", anchor="ls")
    return round(-top), round(bottom)
