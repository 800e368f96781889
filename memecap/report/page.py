"""A template, a style, a script and data → one page that loads nothing and runs nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from memecap.report.words import DEFAULT, words

HERE = Path(__file__).parent


def fill(
    template: str,
    style_file: str,
    script_file: str,
    data: Mapping[str, Any],
    *,
    language: str = DEFAULT,
    title: str = "",
) -> str:
    """The page; style and script are named to the browser by their hashes, and it will take no others.

    The template names its words as `$w_<key>`; the script has them, and the language, among its data.
    """
    told = words(language)
    own = {f"w_{key}": html.escape(text) for key, text in told.items() if isinstance(text, str)}
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in (style_file, script_file))
    return Template((HERE / template).read_text(encoding="utf-8")).substitute(
        title=html.escape(_whole(title)),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        data=_embed({**data, "words": told}),
        **own,
    )


def _embed(value: Any) -> str:
    """JSON that no text in it can end: the characters HTML or JavaScript could take for their own are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", _whole(text))


def _whole(text: str) -> str:
    """The text with half emojis, which UTF-8 cannot hold, as replacement characters."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
