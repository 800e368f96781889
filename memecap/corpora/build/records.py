"""An item of a source → what the journal writes down of it: clean text, one spelling of its key, a picture confined.

This is where the text of every source enters, and where every path that a table or a json names is judged.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from memecap.core import manifest, storage
from memecap.corpora.base import Item
from memecap.errors import DataError
from memecap.text.clean import clean

RANKS = {"": 0, "train": 1, "val": 2, "test": 3}  # of two official splits, the higher one keeps the group


class Confine:
    """Judges paths: a picture lies below the source's folder of pictures, links followed, or it is not looked at."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._root = None if folder is None else real(folder)
        self._is_below = lru_cache(maxsize=1 << 12)(self._below)  # of the folders; a picture is seldom a link

    def reason(self, image: Path) -> str:
        """Why this picture must not be read; empty where it may. The path is named as the source wrote it."""
        try:
            if "\0" in str(image).encode().decode():
                raise ValueError
            is_below = self._is_below(image.parent) if _is_plain(image) else self._below(image)
        except OSError:  # too long a name, say: what opens it says so
            return ""
        except ValueError:  # NUL, or not UTF-8
            return f"{self._written(image)!r} is no name of a file"
        return "" if is_below else f"the path {self._written(image)!r} leads out of the folder of pictures"

    def _below(self, path: Path) -> bool:
        return self._root is None or real(path).is_relative_to(self._root)

    def _written(self, image: Path) -> str:
        folder = self._folder
        return clean(str(image.relative_to(folder) if folder and image.is_relative_to(folder) else image))


def real(path: Path) -> Path:
    """Where a path leads, links followed; `Path.resolve` raises where they go in circles."""
    return Path(os.path.realpath(path))


def record(item: Item, confine: Confine) -> tuple[Any, ...]:
    """The item's row of the journal's table `items`. Raises `DataError` for a split that is none."""
    if item.split not in RANKS:
        fix = f"Use one of: {', '.join(manifest.SPLITS)}."
        raise DataError(f"{item.split!r} is no split", where=f"item {item.key}", fix=fix)
    key = clean(item.key)
    captions, sources = (tuple(map(clean, texts)) for texts in (item.captions, item.source_captions))
    reason = item.reason or _mute(captions, is_bare=item.is_bare)
    if item.image is not None and not reason:
        reason = confine.reason(item.image)
    image = "" if item.image is None or reason else str(item.image)
    image_id = "" if image or reason else storage.sha256_bytes(manifest.source_key(key).encode())
    texts = (json.dumps(part, ensure_ascii=False) for part in (captions, sources))
    return key, image_id, *texts, image, RANKS[item.split], clean(item.group), clean(item.source_url), clean(reason)


def _mute(captions: tuple[str, ...], *, is_bare: bool) -> str:
    """Why an item says nothing, where it should."""
    return "" if (captions or is_bare) and all(map(str.strip, captions)) else "an empty caption"


def _is_plain(image: Path) -> bool:
    """Whether the path's last part stands for itself, so that its folder alone says where it leads."""
    return image.name not in ("", "..") and not image.is_symlink()
