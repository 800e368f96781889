"""An `Answer` → the JSON of the API, which is what the page shows: captions cut at their quotes, quotes with the lines
they come from, confidence in words, and whose words a caption retells."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memecap.inference.remembering import NOBODY
from memecap.modeling.outputs import Caption
from memecap.quoting.quote import Quote
from memecap.reading.base import Box, Line, Reading
from memecap.report.attention import Looked
from memecap.web.refusals import Refused

SURE, LIKELY = 0.8, 0.5  # confidence: the share of such lines that are right
_LATIN, _CYRILLIC = re.compile(r"[A-Za-z]"), re.compile(r"[а-яё]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """What one captioner, in one way of decoding, says of a picture, or why it says nothing."""

    model: str
    decoding: str
    caption: Caption | None = None
    error: Refused | None = None
    looked: Looked | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a picture. The size is the upright picture's, in pixels."""

    width: int
    height: int
    reading: Reading | None
    said: tuple[Said, ...]


def record(answer: Answer) -> dict[str, Any]:
    """The record of one picture, as /v1/caption gives it but for the file's name."""
    return {
        "width": answer.width,
        "height": answer.height,
        "reading": reading_record(answer.reading),
        "captions": [_said(said, answer.reading) for said in answer.said],
    }


def reading_record(reading: Reading | None) -> dict[str, Any] | None:
    """What was read, as /v1/read gives it; None where nobody reads, though something may be remembered."""
    if reading is None or reading.reader == NOBODY:
        return None
    return {
        "reader": reading.reader,
        "lines": [
            {
                "text": line.text,
                "translation": line.translation,
                "language": line.language,
                "box": list(line.box),
                "confidence": round(line.confidence, 3),
                "sure": in_words(line.confidence),
            }
            for line in reading.lines
        ],
    }


def in_words(confidence: float | None) -> str:
    """A confidence as one of four words, which the page has in its languages; None: not read on the picture at all."""
    if confidence is None:
        return "unread"
    return "sure" if confidence >= SURE else "likely" if confidence >= LIKELY else "doubtful"


def language_of(text: str) -> str:
    """en where the letters are Latin alone, else ru: what a screen reader needs to know to say it."""
    return "en" if _LATIN.search(text) and not _CYRILLIC.search(text) else "ru"


def _said(said: Said, reading: Reading | None) -> dict[str, Any]:
    told: dict[str, Any] = {"model": said.model, "decoding": said.decoding}
    if said.caption is None:
        return {**told, "error": said.error and said.error.to_json()}
    caption = said.caption
    return {
        **told,
        "caption": caption.text,
        "finished": caption.finished,
        "segments": segments(caption),
        "quotes": [_quote(quote, reading.lines if reading else ()) for quote in caption.quotes],
        "log_probability": caption.log_probability,
        "seconds": None if caption.seconds is None else round(caption.seconds, 3),
        "attention": said.looked and _attention(said.looked),
        "source": caption.source and caption.source.to_json(),
        "error": None,
    }


def segments(caption: Caption) -> list[dict[str, Any]]:
    """The text cut where its quotes stand, in order: joined they are the text. `quote` counts the caption's quotes."""
    parts: list[dict[str, Any]] = []
    place = 0
    for number, quote in enumerate(caption.quotes):
        start = caption.text.find(quote.text, place) if quote.text else -1
        if start < 0:  # the grammar unfolded it: it is listed with the quotes, not in the text
            continue
        parts += [{"text": caption.text[place:start], "quote": None}] if start > place else []
        place = start + len(quote.text)
        parts.append({"text": quote.text, "quote": number, "language": language_of(quote.text)})
    parts += [{"text": caption.text[place:], "quote": None}] if place < len(caption.text) else []
    return parts


def _quote(quote: Quote, lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "text": quote.text,
        "original": quote.original,
        "language": language_of(quote.text),
        "box": quote.box and list(quote.box),
        "confidence": None if quote.confidence is None else round(quote.confidence, 3),
        "sure": in_words(quote.confidence),
        "lines": [n for n, line in enumerate(lines) if quote.box and _inside(line.box, quote.box)],
    }


def _inside(box: Box, outer: Box) -> bool:
    return box[0] >= outer[0] and box[1] >= outer[1] and box[2] <= outer[2] and box[3] <= outer[3]


def _attention(found: Looked) -> dict[str, Any]:
    """Weights of a word as shares of its largest; the picture is what the encoder sees, squeezed or cut."""
    content = io.BytesIO()
    found.seen.save(content, "PNG")
    weights = found.weights / found.weights.amax(dim=(1, 2), keepdim=True).clamp_min(1e-9)
    return {
        "words": list(found.words),
        "weights": [[[round(value, 3) for value in row] for row in word] for word in weights.tolist()],
        "seen": "data:image/png;base64," + base64.b64encode(content.getvalue()).decode(),
    }
