"""What a language model reads before it writes: captions of similar pictures, then the text on the picture.

In: a reading and captions, both may be none. Out: token ids.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from memecap.core.config import PartConfig
from memecap.reading.base import Reading
from memecap.text.base import Tokenizer


class PromptConfig(PartConfig):
    """Settings of the prompt, for captioners that have one."""

    reading: bool = Field(False, description="whether it sees the text on the picture")
    prompt: str = Field("Текст:\n{reading}\nОписание:\n", description="the words around the reading")
    line_break: str = Field("\n", description="what parts the lines that were read")
    max_reading_tokens: int = Field(128, ge=1, description="the reading is cut there")


def prompt_ids(config: PromptConfig, tokenizer: Tokenizer, reading: Reading | None) -> list[int]:
    """The reading between the prompt's words; without a reading the words alone."""
    if not config.reading:
        return []
    text = config.line_break.join(line.said for line in reading.lines) if reading else ""
    return _framed(tokenizer, config.prompt, "{reading}", text, config.max_reading_tokens)


def similar_ids(tokenizer: Tokenizer, prompt: str, captions: Sequence[str], max_tokens: int) -> list[int]:
    """Captions of similar pictures, a line each, each cut at its share of `max_tokens`."""
    share = max_tokens // max(len(captions), 1)
    cut = [tokenizer.decode(tokenizer.encode(caption)[: max(share - 1, 1)]) for caption in captions]
    return _framed(tokenizer, prompt, "{captions}", "\n".join(cut), max_tokens)


def frame_length(tokenizer: Tokenizer, prompt: str, place: str) -> int:
    """Tokens of the words around `place`."""
    return len(_framed(tokenizer, prompt, place, "", 0))


def _framed(tokenizer: Tokenizer, prompt: str, place: str, text: str, max_tokens: int) -> list[int]:
    before, _, after = prompt.partition(place)
    return [*tokenizer.encode(before), *tokenizer.encode(text)[:max_tokens], *tokenizer.encode(after)]
