"""What one call of `caption` may say for itself, and what its captions keep of the pictures for a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from memecap.core import config
from memecap.decoding.base import Search
from memecap.errors import UsageError
from memecap.modeling.outputs import Caption
from memecap.pictures.fetch import is_url
from memecap.pictures.jpeg import to_jpeg
from memecap.pictures.safe_open import PictureSource, open_picture

SIDE, QUALITY = 480, 80  # of the copy of a picture that lies in no file


def named(decoding: Search | str | None, settings: Mapping[str, Any]) -> Search | None:
    """The search that a call names, with its settings. Raises `UsageError` where settings belong to none."""
    if isinstance(decoding, str):
        found: Search = config.validate(_kind(decoding), {"name": decoding, **settings}, where=f"decoding {decoding}")
        return found
    if settings:
        fix = 'Name a decoding with them: caption(picture, "beam", width=5).'
        raise UsageError(f"settings of no decoding: {', '.join(settings)}", where="caption", fix=fix)
    return decoding


def shown(caption: Caption, source: PictureSource) -> Caption:
    """The caption with what a notebook draws its boxes on: the file, or a small copy where there is none."""
    is_file = isinstance(source, str | Path) and not is_url(source)
    if is_file:
        return replace(caption, picture=str(source))
    return replace(caption, picture=to_jpeg(open_picture(source), max_side=SIDE, quality=QUALITY))


def _kind(name: str) -> type[Search]:
    from memecap.core import registry

    kind: type[Search] = registry.load("decoding", name)
    return kind
