"""Every word of the pages, in the languages there are: `strings/<language>.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from memecap.errors import UsageError

LANGUAGES = ("ru", "en")
DEFAULT = LANGUAGES[0]

Words = dict[str, Any]


@lru_cache
def words(language: str = DEFAULT) -> Words:
    """The words of a language. Raises `UsageError` where there is no such one."""
    if language not in LANGUAGES:
        raise UsageError(f"no pages in {language!r}", where="--lang", fix=f"There are: {', '.join(LANGUAGES)}.")
    path = Path(__file__).parent / "strings" / f"{language}.json"
    found: Words = json.loads(path.read_text(encoding="utf-8"))
    return found
