"""The one normalisation of text: what anybody wrote → what a reader sees of it, in Unicode's composed form (NFC).

In: any `str`, also one that UTF-8 cannot hold. Out: a `str` that UTF-8 can hold, without characters that only act
(controls, marks of direction, zero-width marks, soft hyphens, tags), with plain spaces and `\\n` alone as a line's end.
Letters, punctuation, emoji and runs of spaces stay as they are. Cleaning twice is cleaning once.
Source of the classes: Unicode 15, Bidi_Control, Default_Ignorable_Code_Point, and UTS #51 for sequences of emoji.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = "\v\f\x85\u2028\u2029"
_CONTROLS = "\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = "\u00ad\u034f\u180b-\u180f\u200b\u200c\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
_SELECTORS = "\ufe00-\ufe0d\U000e0100-\U000e01ef"  # variants of glyphs; two of them belong to emoji
_BLANKS = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"  # and letters and signs that are drawn as nothing:
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
_TAGS = "\U000e0000-\U000e007f"
_PICTOGRAPHS = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"

_ODD = re.compile(
    f"[\r{_LINE_ENDS}{_CONTROLS}{_BIDIRECTIONAL}{_ZERO_WIDTH}{_SELECTORS}{_BLANKS}{_FILLERS}{_TAGS}\u200d\ufe0e\ufe0f]"
)
_LINE_END = re.compile(f"\r\n|[\r{_LINE_ENDS}]")
_SPACE = re.compile(f"[{_BLANKS}{_FILLERS}]")
_UNSEEN = re.compile(f"[{_CONTROLS}{_BIDIRECTIONAL}{_ZERO_WIDTH}{_SELECTORS}]")
_TAG = re.compile(f"(\U0001f3f4[\U000e0030-\U000e007a]{{3,6}}\U000e007f)|[{_TAGS}]")  # flags of England, Wales …
_STRAY_SELECTOR = re.compile(f"(?<![{_PICTOGRAPHS}0-9#*])[\ufe0e\ufe0f]")
_STRAY_JOINER = re.compile(
    f"(?<![{_PICTOGRAPHS}\ufe0f])\u200d|\u200d(?![{_PICTOGRAPHS}])"  # between two pictographs it makes them one
)


def clean(text: str) -> str:
    """The text as a reader sees it, in NFC; line ends are `\\n`, every other space is U+0020."""
    text = unicodedata.normalize("NFC", _joined_surrogates(text))
    if not _ODD.search(text):  # nearly always
        return text
    text = _SPACE.sub(" ", _LINE_END.sub("\n", text))
    text = _TAG.sub(r"\1", _UNSEEN.sub("", text))
    text = _STRAY_JOINER.sub("", _STRAY_SELECTOR.sub("", text))
    # once more: a mark that was taken out may have stood between a letter and its accent
    return unicodedata.normalize("NFC", text)


def _joined_surrogates(text: str) -> str:
    """Halves of a character that stand together become it; a lone half becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
