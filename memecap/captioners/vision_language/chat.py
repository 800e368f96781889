"""One turn around one picture in a model's own chat: a prompt and an answer as token ids, a picture as tensors.

What a family does is asked of its own processor with a probe, once: how a turn is written, which text stands for a
picture, how an answer begins and ends, which types tokens have. So no family has a name here.

P ids of a picture's block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from memecap.core import storage
from memecap.errors import DataError
from memecap.pictures.shrink import within

BLOCK = "block"  # among a picture's tensors: the ids [P] that stand for it in a prompt
_PROMPT, _ANSWER = "\u2063?", "\u2063!"  # marks of a probe, which no tokenizer and no template changes
_NARROWEST = 50  # longer side / shorter side: some processors refuse pictures that are narrower still
_TEXT = {"input_ids", "attention_mask", "labels"}


class Chat:
    """The words of a turn, as a `Tokenizer` too. Special tokens in what is said are written apart: it is text."""

    def __init__(self, processor: Any, *, max_pixels: int | None = None) -> None:
        self.processor, self.words = processor, processor.tokenizer
        self.max_pixels = max_pixels
        added = sorted({token.content for token in self.words.added_tokens_decoder.values()}, key=len, reverse=True)
        special = [re.escape(token) for token in added if len(token.strip()) > 1]
        self._special = re.compile("|".join(special) or "(?!)")
        self._picture = str(processor.image_token)
        begun, whole = self._turn(None), self._turn(_ANSWER)
        if self._picture not in begun:
            begun, whole = self._find_picture(begun, whole)
        self._begun = begun
        _, _, ending = whole.rpartition(_ANSWER)
        found = self._special.search(ending)
        self.end = found.group() if found else str(self.words.eos_token)
        self.end_id = int(self.words.convert_tokens_to_ids(self.end))
        lead = whole[len(begun) :] if whole.startswith(begun) else _ANSWER  # one that thinks begins otherwise
        self._lead = lead.partition(_ANSWER)[0]
        self._types, self.answer_types = self._token_types()

    @property
    def size(self) -> int:
        return len(self.words)

    def see(self, picture: Image.Image) -> dict[str, Tensor]:
        """The model's tensors for one picture, and the ids of its block."""
        picture = within(picture.convert("RGB"), max_pixels=self.max_pixels, narrowest=_NARROWEST)
        made = self._process(self._picture, picture)
        ids = made["input_ids"][0]
        if self.processor.chat_template is None:  # what the processor writes around a picture is no part of it
            image_ids = torch.tensor(self.words.convert_tokens_to_ids([self._picture]))
            ids = ids[torch.isin(ids, image_ids)]
        kept = {name: torch.as_tensor(part) for name, part in made.items() if name not in _TEXT | self._types.keys()}
        return kept | {BLOCK: ids}

    def prompt(self, text: str, block: Tensor | None) -> list[int]:
        """All that stands before the answer, with a picture's block or without."""
        before, _, after = self._begun.partition(self._picture)
        if block is None:
            shown = before + after
        else:
            shown = before + str(self.words.decode(block, skip_special_tokens=False)) + after
        return self.encode(shown.replace(_PROMPT, self.plain(text)), plain=False)

    def answer(self, caption: str) -> list[int]:
        """A caption as the model would write it, the end included."""
        return [*self.encode(self._lead + self.plain(caption), plain=False), self.end_id]

    def plain(self, text: str) -> str:
        """The text with every special token in it spelt letter by letter: a picture may show one."""
        return self._special.sub(lambda found: " ".join(found.group()), text)

    def encode(self, text: str, *, plain: bool = True) -> list[int]:
        said = self.plain(text) if plain else text
        return list(self.words(said, add_special_tokens=False)["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.words.decode(list(ids), skip_special_tokens=True)).strip()

    def token_types(self, ids: Tensor, answers: Tensor | None = None) -> dict[str, Tensor]:
        """What the model takes beside ids [B L] to know pictures from text; `answers` [B L] is True on captions."""
        made = {}
        for name, types in self._types.items():
            found = torch.zeros_like(ids)
            for kind in set(types.values()):
                chosen = torch.tensor([i for i, t in types.items() if t == kind], device=ids.device)
                found[torch.isin(ids, chosen)] = kind
            if answers is not None and (kind := self.answer_types.get(name, 0)):
                found[answers] = kind
            made[name] = found
        return made

    def save(self, folder: Path) -> None:
        """Write the processor: chat template, tokenizer, what is done to pictures."""
        self.processor.save_pretrained(folder)
        if self.processor.chat_template and not (folder / "chat_template.jinja").exists():
            storage.write_text(folder / "chat_template.jinja", self.processor.chat_template)

    def _turn(self, answer: str | None) -> str:
        """A turn with a picture and the mark of a prompt, begun or answered."""
        if self.processor.chat_template is None:
            return self._bare_turn(answer)
        said: list[dict[str, Any]] = [{"type": "image"}, {"type": "text", "text": _PROMPT}]
        turns: list[dict[str, Any]] = [{"role": "user", "content": said}]
        if answer is not None:
            turns.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
        # a template that knows no such word would have it passed on to the processor
        aloud = {"enable_thinking": False} if "enable_thinking" in self.processor.chat_template else {}
        written: str = self.processor.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=answer is None, **aloud
        )
        return written

    def _bare_turn(self, answer: str | None) -> str:
        """Of a model without a chat, as its processor writes it around a prompt."""
        ids = self._process(self._picture + _PROMPT, _blank())["input_ids"][0]
        written = str(self.words.decode(ids, skip_special_tokens=False))
        first, last = written.find(self._picture), written.rfind(self._picture) + len(self._picture)
        if first < 0 or _PROMPT not in written:
            raise DataError("cannot tell how the processor writes a prompt", fix="Take a model with a chat template.")
        begun = written[:first] + self._picture + written[last:]
        return begun if answer is None else f"{begun}{answer}{self.words.eos_token}"

    def _find_picture(self, begun: str, whole: str) -> tuple[str, str]:
        """Where a template names the picture otherwise than its processor: the token that the processor takes."""
        for token in dict.fromkeys(self._special.findall(begun)):
            try:
                n_ids = len(self._process(begun, _blank())["input_ids"][0])
            except (ValueError, IndexError):
                continue
            if n_ids > len(self.encode(begun, plain=False)):
                self._picture = token
                return begun, whole
        raise DataError("the chat template has no place for a picture", fix="Take a model with another template.")

    def _token_types(self) -> tuple[dict[str, dict[int, int]], dict[str, int]]:
        """Of each input that has a number for each token: id → number, zero left out; and the number of an answer."""
        text = self._begun.replace(_PROMPT, "а") if self.processor.chat_template else self._picture + "а"
        made = self._process(text, _blank())
        names = [
            name
            for name, part in made.items()
            if name not in _TEXT and isinstance(part, Tensor) and part.shape == made["input_ids"].shape
        ]
        types = {
            name: {i: t for i, t in zip(made["input_ids"][0].tolist(), made[name][0].tolist(), strict=True) if t}
            for name in names
        }
        answers = {}
        if self.processor.chat_template is None and "labels" in made:  # it takes answers itself, and marks them
            answered = self._process(text, _blank(), suffix=["б"])
            answers = {name: int(answered[name][0, -1]) for name in names}
        return types, answers

    def _process(self, text: str, picture: Image.Image, **more: Any) -> Mapping[str, Any]:
        made: Mapping[str, Any] = self.processor(
            text=[text], images=[[picture]], return_tensors="pt", add_special_tokens=False, **more
        )
        return made


def _blank() -> Image.Image:
    return Image.new("RGB", (64, 64), "grey")
