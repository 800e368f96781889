"""What /openapi.json tells of requests and answers, with an example of each."""

from __future__ import annotations

from typing import Any

from memecap.web.jobs import DECODINGS
from memecap.web.refusals import STATUS

READING = {
    "reader": "tesseract 5.3.0 rus+eng merge 5",
    "lines": [
        {"text": "КОГДА ПОНЕДЕЛЬНИК", "translation": "", "language": "ru", "box": [40, 22, 560, 70],
         "confidence": 0.94, "sure": "sure"},
    ],
}  # fmt: skip
CAPTION = {
    "file": "meme.jpg", "width": 600, "height": 400, "reading": READING,
    "captions": [
        {"model": "template", "decoding": "greedy", "caption": 'на картинке надпись: "когда понедельник".',
         "finished": True, "log_probability": None, "seconds": 0.41, "attention": None, "source": None, "error": None,
         "segments": [{"text": 'на картинке надпись: "', "quote": None},
                      {"text": "когда понедельник", "quote": 0, "language": "ru"}, {"text": '".', "quote": None}],
         "quotes": [{"text": "когда понедельник", "original": "", "language": "ru", "box": [40, 22, 560, 70],
                     "confidence": 0.94, "sure": "sure", "lines": [0]}]},
    ],
}  # fmt: skip
MODELS = {
    "models": [
        {"name": "template", "decodes": False, "attention": False, "scores": None},
        {"name": "memes_read", "decodes": True, "attention": False, "scores": {
            "corpus": "memes", "split": "test", "metrics": [{"name": "chrf2", "ru": "chrF2", "en": "chrF2"}],
            "systems": [{"system": "reader_writer", "kind": "captioner", "scores": ["41.5"]},
                        {"system": "template", "kind": "floor", "scores": ["34.5"]}]}},
    ],
    "decodings": list(DECODINGS), "urls": False, "corrections": False,
}  # fmt: skip
ERROR = {"error": {"code": "not_a_picture", "detail": "not a picture of a known format"}}

_TEXT = {"type": "string"}
_MODELS = {**_TEXT, "description": "names of /v1/models, between commas, at most four; all of them when left out"}
_DECODINGS = {**_TEXT, "description": f"of {', '.join(DECODINGS)}, between commas; several stand side by side"}
_OPTIONS = {
    "models": _MODELS,
    "decodings": _DECODINGS,
    "style": {**_TEXT, "enum": ["plain", "alt"], "description": "alt: sentences that a screen reader reads out"},
    "attention": {"type": "boolean", "description": "where a captioner that can say so looked at each word"},
}
_FILE = {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, GIF, BMP, TIFF; 25 MB, 64 megapixels"}
_BASE64 = {**_TEXT, "description": "base64 of the file, or a data address"}
_URL = {**_TEXT, "description": "of the picture, where the server was started with --allow-urls"}
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="


def one(*, describes: bool) -> dict[str, Any]:
    """The body of /v1/caption and /v1/read."""
    options = _OPTIONS if describes else {}
    example = {"image": _PIXEL, **({"models": ["template"], "attention": False} if describes else {})}
    return _body({"picture": _FILE, **options}, {"image": _BASE64, "url": _URL, "name": _TEXT, **options}, example)


def many() -> dict[str, Any]:
    """The body of /v1/batch."""
    files = {"type": "array", "items": {**_FILE, "description": "pictures, or zips of them"}}
    item = {"type": "object", "properties": {"name": _TEXT, "image": _BASE64}}
    example = {"images": [{"name": "meme.png", "image": _PIXEL}], "models": ["template"]}
    return _body({"picture": files, **_OPTIONS}, {"images": {"type": "array", "items": item}, **_OPTIONS}, example)


def correction() -> dict[str, Any]:
    """The body of /v1/corrections."""
    fields = {"picture": _FILE, "caption": _TEXT, "before": _TEXT, "model": _TEXT}
    json_fields = {**fields, "image": _BASE64}
    del json_fields["picture"]
    return _body(fields, json_fields, {"image": _PIXEL, "caption": "Кот сидит на столе.", "model": "template"})


def answers(example: Any, description: str, kind: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """The answers of a route: its own, and one a status for all that is refused."""
    codes: dict[int, list[str]] = {}
    for code, status in STATUS.items():
        codes.setdefault(status, []).append(code)
    refused: dict[int | str, dict[str, Any]] = {
        status: {"description": ", ".join(names), "content": {"application/json": {"example": ERROR}}}
        for status, names in sorted(codes.items())
    }
    return {200: {"description": description, "content": {kind: {"example": example}}}, **refused}


def _body(form: dict[str, Any], json: dict[str, Any], example: Any) -> dict[str, Any]:
    content = {
        "multipart/form-data": {"schema": {"type": "object", "properties": form}},
        "application/json": {"schema": {"type": "object", "properties": json}, "example": example},
    }
    return {"requestBody": {"required": True, "content": content}}
