"""Description cleaning: named rules in a fixed order, each a function from text to text.

VK's own mark-up (`[club1|Name]`), hashtags, links and calls to follow are not a description of the picture. The rules
run in the order of `RULES`; `description_of` returns the text that all of them leave. What is not VK's own, characters
that are not seen or cannot be stored, is `text.clean`'s.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from memecap.text.clean import clean

_MENTION = re.compile(r"\[(?:club|public|event|id)\d+(?::[^|\]]*)?\|([^\]]*)\]")
_LINK_MARKUP = re.compile(r"\[(?:https?://|vk\.)[^|\]\s]+\|([^\]]*)\]")
_ALIAS = re.compile(r"\[#[^|\]]*\|([^|\]]*)\|[^\]]*\]")  # [#alias|words|address]
_URL = re.compile(
    r"\b(?:https?://|www\.|vk\.com/|vk\.ru/|vk\.cc/|t\.me/|youtu\.be/)(?:[^\s()«»\"<>]|\([^\s()]*\))*", re.IGNORECASE
)
_HASHTAG = re.compile(r"(?<![\w/&])#[\w-]*\w(?:@\w+)?")
_HANDLE = re.compile(r"(?<![\w.])@[a-z0-9_.]{3,}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:quot|amp|lt|gt|apos|nbsp|laquo|raquo|ndash|mdash|hellip|#\d{2,6});")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]")
_SPACE_BEFORE_STOP = re.compile(r" +([,.!?;:])(?=\s|$)")


def unify_line_ends(text: str) -> str:
    """`<br>` of old answers and Windows line ends become line feeds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"<br\s*/?>", "\n", text, flags=re.IGNORECASE) if "<" in text else text


def unescape(text: str) -> str:
    """`&quot;` of old answers; a lone `&` stays."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def drop_invisible(text: str) -> str:
    """Zero-width and direction marks, soft hyphens, controls, halves of characters; every space becomes plain."""
    return clean(text)


def unfold_mentions(text: str) -> str:
    """`[club1|Name]`, `[https://…|words]` and `[#alias|words|https://…]` leave the words a reader sees."""
    for markup in (_MENTION, _LINK_MARKUP, _ALIAS):
        text = markup.sub(r"\1", text)
    return text


def drop_links(text: str) -> str:
    """Addresses, with or without `https://`."""
    return _URL.sub("", text) if "/" in text or "www." in text.lower() else text


def drop_hashtags(text: str) -> str:
    """`#мем` and `#мем@community`; the `#` of "C#" stays."""
    return _HASHTAG.sub("", text) if "#" in text else text


def drop_handles(text: str) -> str:
    """`@name` alone; an address `a@b.ru` stays."""
    return _HANDLE.sub("", text) if "@" in text else text


def tidy(text: str) -> str:
    """Brackets left empty, runs of spaces, spaces before a stop, blank lines."""
    lines = _EMPTY_BRACKETS.sub("", text).split("\n")
    text = "\n".join(words for line in lines if (words := " ".join(line.split())))
    return _SPACE_BEFORE_STOP.sub(r"\1", text)


RULES: tuple[Callable[[str], str], ...] = (
    unify_line_ends,
    unescape,
    drop_invisible,
    unfold_mentions,
    drop_links,
    drop_hashtags,
    drop_handles,
    tidy,
)


def description_of(text: str) -> str:
    """The description in a post's text: what is left after every rule, in order."""
    for rule in RULES:
        text = rule(text)
    return text
