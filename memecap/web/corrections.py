"""A correction from the page → the folder of corrections: the only thing that a server keeps, and only where asked."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from memecap.core import corrections
from memecap.pictures.check import CheckedPicture, PictureError, check
from memecap.text.clean import clean
from memecap.web.refusals import Refused
from memecap.web.settings import Settings

_writing = threading.Lock()  # lines of two requests must not mix; one large picture is decoded at a time


def save(settings: Settings, content: bytes, caption: str, *, before: str, model: str) -> dict[str, Any]:
    """Keep a corrected caption with its picture; returns what is told of it. Raises `Refused`, `StorageError`."""
    folder, text = _folder(settings), clean(caption).strip()
    if not text:
        raise Refused("empty_correction")
    if max(len(text), len(before), len(model)) > settings.limits.correction_letters:
        raise Refused("bad_request", f"more than {settings.limits.correction_letters:,} letters")
    with _writing:
        found = _checked(content, settings)
        kept = content if found.copy is None else found.copy
        made = corrections.add(folder, kept, f".{found.copy_extension}", text, before=clean(before), model=clean(model))
    return {"image_id": made.image_id, "time": made.time}


def _checked(content: bytes, settings: Settings) -> CheckedPicture:
    try:
        return check(content, max_pixels=settings.limits.picture_pixels)
    except PictureError as error:
        code = {"too_many_pixels": "too_many_pixels", "not_an_image": "not_a_picture"}.get(error.reason)
        raise Refused(code or "broken_picture") from error


def _folder(settings: Settings) -> Path:
    if settings.corrections is None:
        raise Refused("corrections_off")
    return settings.corrections
