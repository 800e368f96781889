"""What a language model answered → {number: translation}, as far as it can be told for certain.

In: the text of an answer and the numbered sentences that were sent. Models think aloud, fence their JSON, answer with a
list, wrap the object, break off in the middle, or refuse. Thinking is cut off: a draft is no answer. A number is left
out, so that it is asked again, where it is missing, empty, refused, or where a list cannot be matched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from memecap.core.spoken import is_refusal, without_thinking

_PAIR = re.compile(r'"(\d+)"\s*:\s*("(?:[^"\\]|\\.)*")(?=\s*(?:,\s*"\d+"\s*:|,?\s*\}))')
_DEPTH = 4  # wrappers around the pairs; what lies deeper is no answer
_OPENING = re.compile(r"[{\[]")


def read_answer(answer: str, numbered: Mapping[str, str]) -> dict[str, str]:
    """The translations of the sentences that the answer holds, by their numbers."""
    spoken = without_thinking(answer)
    found: dict[str, str] = {}
    for value in _values(spoken):
        found |= _numbered(value, list(numbered))
    found = found or _pairs(spoken)
    clean = {number: _text(found[number]) for number in numbered if number in found}
    return {number: text for number, text in clean.items() if text and not _is_refusal(text, numbered[number])}


def _values(text: str) -> Iterator[Any]:
    """The JSON objects and lists in a text, in order."""
    decoder, at = json.JSONDecoder(strict=False), 0
    while opening := _OPENING.search(text, at):
        try:
            value, at = decoder.raw_decode(text, opening.start())
            yield value
        except (json.JSONDecodeError, RecursionError):
            at = opening.end()


def _numbered(value: Any, numbers: list[str], depth: int = _DEPTH) -> dict[str, str]:
    """The numbers and strings in a value: an object, a wrapped one, a list of objects, a list as long as was asked."""
    if isinstance(value, dict):
        direct = {number: text for number in numbers if isinstance(text := _one(value.get(number)), str)}
        return direct or _record(value, numbers) or _merged(value.values(), numbers, depth)
    if isinstance(value, list):
        if len(value) == len(numbers) and all(isinstance(text, str) for text in value):
            return dict(zip(numbers, value, strict=True))
        return _merged(value, numbers, depth)
    return {}


def _merged(values: Iterable[Any], numbers: list[str], depth: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values if depth else ():
        found |= _numbered(value, numbers, depth - 1)
    return found


def _one(value: Any) -> Any:
    """`{"translation": "кот"}` for "кот": the one string of an object."""
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value


def _record(value: Mapping[str, Any], numbers: list[str]) -> dict[str, str]:
    """`{"number": 1, "translation": "кот"}`: one number that was sent, one string besides."""
    named = [key for key, text in value.items() if isinstance(text, (str, int)) and str(text) in numbers]
    texts = [text for key, text in value.items() if isinstance(text, str) and key not in named]
    return {str(value[named[0]]): texts[0]} if len(named) == len(texts) == 1 else {}


def _pairs(text: str) -> dict[str, str]:
    """The whole pairs of an object that breaks off, or that is not quite JSON."""
    found = {}
    for number, quoted in _PAIR.findall(text):
        try:
            found[number] = str(json.loads(quoted, strict=False))
        except json.JSONDecodeError:
            continue
    return found


def _text(translation: str) -> str:
    """Without halves of emoji, which no file can hold."""
    return translation.encode("utf-16", "surrogatepass").decode("utf-16", "ignore").strip()


def _is_refusal(translation: str, sentence: str) -> bool:
    """A model's excuse; one that the sentence itself makes is a translation."""
    return is_refusal(translation) and not re.search(
        r"sorry|can['’]?t|cannot|unable|unfortunately|\bAI\b", sentence, re.I
    )
