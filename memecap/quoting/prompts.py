"""What a language model reads before it writes: captions of similar pictures, what was said of the same picture before,
then the text on the picture.

In: a reading and captions, both may be none. Out: token ids.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from memecap.core.config import PartConfig
from memecap.quoting.retelling import retell
from memecap.quoting.slots import to_caption
from memecap.reading.base import Reading
from memecap.text.base import Tokenizer


class PromptConfig(PartConfig):
    """Settings of the prompt, for captioners that have one."""

    reading: bool = Field(False, description="whether it sees the text on the picture")
    prompt: str = Field("Текст:\n{reading}\nОписание:\n", description="the words around the reading")
    line_break: str = Field("\n", description="what parts the lines that were read")
    max_reading_tokens: int = Field(128, ge=1, description="the reading is cut there")
    recollections: int = Field(
        0, ge=0, le=4, description="remembered descriptions of the same picture that it is told, the surest first"
    )
    recollection_prompt: str = Field(
        "Раньше описали так:\n{captions}\n", description="the words around them; left out where nothing is remembered"
    )
    max_recollection_tokens: int = Field(96, ge=8, description="each is cut there")


def prompt_ids(config: PromptConfig, tokenizer: Tokenizer, reading: Reading | None) -> list[int]:
    """What is remembered, then the reading between the prompt's words; without a reading the words alone."""
    return [*remembered_ids(config, tokenizer, reading), *_reading_ids(config, tokenizer, reading)]


def remembered_ids(config: PromptConfig, tokenizer: Tokenizer, reading: Reading | None) -> list[int]:
    """Descriptions of the same picture, a line each, with the lines read here in their quotes; nothing without any."""
    known = reading.recollections[: config.recollections] if reading else ()
    if not known:
        return []
    told = [to_caption(retell(found, reading), reading)[0] for found in known]
    return similar_ids(tokenizer, config.recollection_prompt, told, len(told) * config.max_recollection_tokens)


def longest(config: PromptConfig, tokenizer: Tokenizer) -> int:
    """Tokens of the longest prompt."""
    tokens = 0
    if config.recollections:
        tokens += frame_length(tokenizer, config.recollection_prompt, "{captions}")
        tokens += config.recollections * config.max_recollection_tokens
    if config.reading:
        tokens += frame_length(tokenizer, config.prompt, "{reading}") + config.max_reading_tokens
    return tokens


def _reading_ids(config: PromptConfig, tokenizer: Tokenizer, reading: Reading | None) -> list[int]:
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
