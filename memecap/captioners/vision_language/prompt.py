"""What a vision-language model is asked: the task, what was read on the picture, what is remembered, examples.

In: a reading with its recollections. Out: the text of a prompt, in Russian unless the settings say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from pydantic import Field

from memecap.captioners.vision_language.shots import FewShot, Shot, Store
from memecap.core.config import PartConfig
from memecap.reading.base import Reading

_TASK = (
    "Опиши этот мем по-русски одним абзацем: кто или что изображено, что происходит, затем дословно приведи надпись в "
    "кавычках. Не объясняй шутку."
)


class PromptConfig(PartConfig):
    """Settings of the prompt. A part that has nothing to say is left out whole."""

    prompt: str = Field(
        "{examples}{remembered}{reading}" + _TASK,
        description="what is asked; {reading}, {remembered}, {examples} stand where those parts come",
    )
    reading: bool = Field(True, description="whether it is told what was read on the picture")
    reading_prompt: str = Field("Текст на картинке:\n{text}\n\n", description="the words around the lines read")
    max_reading_tokens: int = Field(256, ge=1, description="lines beyond are left out; of one too long the end")
    remembered: bool = Field(True, description="whether it is told what memory knows of the picture")
    remembered_prompt: str = Field(
        "Такую картинку раньше описали так:\n{captions}\n\n", description="the words around remembered captions"
    )
    few_shot: FewShot | None = Field(
        None, description="show training memes: what memory finds, else those whose text is most alike"
    )
    examples_prompt: str = Field(
        "Вот как описывают мемы.\n\n{examples}\n", description="the words around all the examples"
    )
    example_prompt: str = Field("Текст: {text}\nОписание: {caption}\n", description="one example")
    max_shown_tokens: int = Field(96, ge=8, description="of each caption and of each example's text, at most")


class Prompt:
    """Writes prompts; `encode` and `decode` are the tokenizer's, to measure by."""

    def __init__(
        self, config: PromptConfig, encode: Callable[[str], Sequence[int]], decode: Callable[[Sequence[int]], str]
    ) -> None:
        self.config = config
        self._encode, self._decode = encode, decode
        self.store: Store | None = None

    def __call__(self, reading: Reading | None, *, learnt: str | None = None) -> str:
        """The text of a prompt; `learnt` is the caption that an example for training has, which it must not show."""
        config = self.config
        recollections = reading.recollections if reading is not None and config.remembered else ()
        captions = [found.captions[0] for found in recollections if found.captions and learnt not in found.captions]
        parts = {"reading": "", "remembered": "", "examples": ""}
        if config.reading and reading is not None and reading.lines:
            text = self._lines((line.said for line in reading.lines), config.max_reading_tokens)
            parts["reading"] = fill(config.reading_prompt, text=text)
        if captions:
            shown = "\n".join(f"- {self._cut(caption)}" for caption in dict.fromkeys(captions))
            parts["remembered"] = fill(config.remembered_prompt, captions=shown)
        elif self.store is not None and config.few_shot is not None:
            shots = self.store.like(reading, config.few_shot.n_examples, without=learnt)
            parts["examples"] = fill(config.examples_prompt, examples="\n".join(map(self._example, shots)))
        return fill(config.prompt, **parts)

    def _example(self, shot: Shot) -> str:
        text = self._lines(shot.text.split("\n"), self.config.max_shown_tokens).replace("\n", " / ")
        return fill(self.config.example_prompt, text=text or "нет", caption=self._cut(shot.captions[0]))

    def _lines(self, lines: Iterable[str], n_tokens: int) -> str:
        """Whole lines while they fit; a first line that does not is cut."""
        kept: list[str] = []
        for line in lines:
            n_tokens -= len(self._encode(line)) + 1
            if n_tokens < 0:
                break
            kept.append(line)
        else:
            return "\n".join(kept)
        return "\n".join(kept) if kept else self._cut(line, n_tokens + len(self._encode(line)) + 1)

    def _cut(self, text: str, n_tokens: int | None = None) -> str:
        ids = self._encode(text)
        longest = self.config.max_shown_tokens if n_tokens is None else n_tokens
        return text if len(ids) <= longest else self._decode(ids[:longest]).rstrip("\ufffd")


def fill(template: str, **values: str) -> str:
    """The template with `{name}` replaced, once: what a value holds is not looked at again."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found.group(1), found.group()), template)
