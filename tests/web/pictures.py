"""Pictures and archives that are sent to a server under test."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from PIL import Image


def picture(
    width: int = 400, height: int = 300, kind: str = "PNG", colour: str = "seagreen", **options: object
) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(content, kind)
    return content.getvalue()


def archive(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        for name, body in files.items():
            made.writestr(name, body)
    return content.getvalue()
