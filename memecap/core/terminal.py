"""Text of strangers on the way to a terminal: nothing in it moves the cursor, changes colours or turns lines."""

from __future__ import annotations

import json
import unicodedata

_ACTING = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))  # controls, marks of direction, private, half an emoji


def plain(text: str, *, keep: str = "") -> str:
    """The text with each acting character written as `\\u{...}`, except those to keep."""
    return "".join(c if c in keep or not acts(c) else f"\\u{{{ord(c):x}}}" for c in text)


def plain_json(text: str) -> str:
    """The same for JSON, which stays JSON of the same value; its line feeds are kept."""
    return "".join(json.dumps(c)[1:-1] if acts(c) and c != "\n" else c for c in text)


def acts(character: str) -> bool:
    """Whether the character does something instead of being seen."""
    return unicodedata.category(character) in _ACTING
