"""A choice of an answer → a caption: thinking cut off, clean, its quotes found; or why it is none."""

from __future__ import annotations

import re

from memecap.core.chat_answer import REFUSED, Choice
from memecap.core.spoken import is_refusal, without_thinking
from memecap.modeling.outputs import Caption
from memecap.quoting import matching
from memecap.reading.base import Reading
from memecap.text.clean import clean

_FENCE = re.compile(r"^```\w*\n(.*?)\n?```$", re.DOTALL)
_LABEL = re.compile(r"^(?:\*\*)?(?:описание|подпись|caption)(?: мема| картинки)?:(?:\*\*)?\s+", re.IGNORECASE)


def to_caption(choice: Choice, reading: Reading | None) -> Caption:
    """The caption that a choice without fault holds."""
    spoken = without_thinking(choice.text)
    text, is_whole = _plain(spoken), len(spoken) == len(choice.text)
    return Caption(
        text,
        matching.find(text, reading),
        log_probability=choice.log_probability if is_whole else None,  # else it is that of the thinking, too
        n_tokens=choice.n_tokens,
        finished=choice.finish != "length",
    )


def fault(choice: Choice) -> str:
    """Why a choice is no caption; empty where it is one."""
    text = _plain(without_thinking(choice.text))
    if choice.finish in REFUSED or is_refusal(text):
        return f"the model refuses: {text[:120]!r}" if text else "the model refuses"
    if text:
        return ""
    if choice.finish == "length":
        return "the answer was cut off before it said anything: raise max_new_tokens, or turn thinking off"
    return "the model said nothing"


def _plain(spoken: str) -> str:
    """One line, out of a fence, without a heading."""
    text = spoken.strip()
    if fenced := _FENCE.match(text):
        text = fenced[1]
    return _LABEL.sub("", " ".join(clean(text).split()))
