"""Any vision-language model of transformers: asked as it is, or taught, by LoRA or in full.

A sequence is the model's own chat: [user: picture, what was read, the task][assistant: caption][end]; the loss covers
caption and end. It takes any model of `AutoModelForImageTextToText` whose answer follows its prompt (a decoder): what a
family does is asked of its processor, none has a name in the code. A checkpoint holds what was learnt and the
processor; LoRA's matrices stand there as peft's adapter too.
Sources: Hu et al., arXiv 2106.09685 (LoRA); the models' own pages.

B examples, L positions, T caption tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from memecap.captioners.base import Readings, TrainableCaptioner
from memecap.captioners.vision_language import adapter, network, processor, shots
from memecap.captioners.vision_language.chat import BLOCK, Chat
from memecap.captioners.vision_language.network import NetworkConfig
from memecap.captioners.vision_language.prompt import Prompt, PromptConfig
from memecap.core import hub
from memecap.decoding.base import Search, SearchConfig
from memecap.decoding.engines.candidates import collect
from memecap.decoding.engines.transformers_generate import generate_after_ids
from memecap.decoding.greedy import Greedy
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad
from memecap.modeling.eval_mode import evaluating
from memecap.modeling.lora import original_state
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import Caption, Loss
from memecap.quoting import matching
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading

PROCESSOR = "processor"  # folder of a checkpoint


class Words:
    """The chat's words as a captioner's tokenizer."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.size, self.end_id = chat.size, chat.end_id

    def encode(self, text: str) -> list[int]:
        return self._chat.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        return self._chat.decode(ids)

    def save(self, folder: Path) -> None:
        self._chat.save(folder / PROCESSOR)


class VLM(TrainableCaptioner):
    """A vision-language model that is told what was read and what is remembered."""

    class Config(PromptConfig):
        describes_untaught: ClassVar[bool] = True

        name: str = "vlm"
        network: NetworkConfig = Field(description="the model, and what of it is learnt")
        max_pixels: int | None = Field(
            1_003_520, ge=1024, description="a picture is shrunk to hold no more; null: as the model has it"
        )
        max_caption_tokens: int = Field(256, ge=2, description="a caption to learn is cut there, its end included")
        decoding: SearchConfig = Field(
            Greedy(max_new_tokens=256), description="how captions are chosen unless the caller says otherwise"
        )

    config: Config

    def __init__(self, config: Config, model: Any, picture_processor: Any) -> None:
        super().__init__()
        self.config = config
        self.network = model
        self._chat = Chat(picture_processor, max_pixels=config.max_pixels)
        self._words = Words(self._chat)
        self._prompt = Prompt(config, self._chat.encode, self._chat.decode)
        self.end_ids = network.end_ids(model, self._chat.end_id)

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> VLM:
        folder = hub.fetch_model(config.network.model)
        captioner = cls(
            config, network.load(config.network, folder), processor.load(folder, max_pixels=config.max_pixels)
        )
        if config.few_shot is not None:
            captioner._prompt.store = shots.build(config.few_shot)
        return captioner

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> VLM:
        settings = config.network
        if settings.learns_all:
            model = network.from_structure(settings, folder)
        else:
            model = network.load(settings, hub.fetch_model(settings.model))
        captioner = cls(config, model, processor.load(folder / PROCESSOR))
        if config.few_shot is not None:
            captioner._prompt.store = shots.Store.from_folder(folder)
        return captioner

    @property
    def tokenizer(self) -> Words:
        return self._words

    @property
    def prompts_by_picture(self) -> bool:
        return True

    @property
    def device(self) -> torch.device:
        device: torch.device = self.network.get_input_embeddings().weight.device
        return device

    def default_search(self) -> Search:
        return self.config.decoding

    def look(self, picture: Image.Image) -> Mapping[str, Tensor]:
        """The tensors that the model's own processor makes, and the ids that stand for the picture in a prompt."""
        return self._chat.see(picture)

    def references(self) -> dict[str, nn.Module]:
        return {} if self.config.network.learns_all else {"network": self.network}

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        network.save_structure(self.network, self.end_ids, folder)
        if self.config.network.train == "lora":
            adapter.save(self.network, self.config.network.lora, self.config.network.model, folder)
        if self._prompt.store is not None:
            self._prompt.store.save(folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        changes = super().save_references(folder)
        if self.references():
            home = folder / network.FOLDER
            self.network.save_pretrained(home, state_dict=original_state(self.network))
            self._chat.save(home)
            changes["network"] = {"model": f"./{network.FOLDER}"}
        return changes

    def train(self, mode: bool = True) -> VLM:
        super().train(mode)
        network.rest(self.network)
        return self

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        block = image[BLOCK] if isinstance(image, Mapping) else None
        prompt = self._chat.prompt(self._prompt(reading, learnt=caption), block)
        ids = self._chat.answer(caption)[: self.config.max_caption_tokens]
        return Example(ids, image=image, prompt_ids=prompt)

    def forward(self, batch: Batch) -> Loss:
        return token_loss(batch, *self._read(batch))

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        with evaluating(self):
            blocks = [None] * len(readings) if images is None else [one[BLOCK] for one in images.inputs or ()]
            asked = zip(readings, blocks, strict=True)
            prompts = [self._chat.prompt(self._prompt(reading), block) for reading, block in asked]
            ids, mask = (part.to(self.device) for part in pad(prompts))
            order = mask.int().argsort(dim=1, stable=True)  # the padding to the left
            ids, mask = ids.gather(1, order), mask.gather(1, order)
            found = generate_after_ids(self.network, ids, mask, search, end_id=self.end_ids, **self._seen(images, ids))

            def score(rows: Sequence[Sequence[int]]) -> list[float]:
                each = torch.arange(len(prompts)).repeat_interleave(len(rows) // len(prompts))
                shown = None if images is None else images.select(each)
                logits, targets, _ = self._read(Batch(shown, *pad(rows), *pad([prompts[i] for i in each])))
                said = -functional.cross_entropy(logits, targets, reduction="none")
                return [float(part.sum()) for part in torch.split(said, [len(row) for row in rows])]

            return collect(*found, readings, end_ids=self.end_ids, score=score, write=self._write)

    def _read(self, batch: Batch) -> tuple[Float[Tensor, "n V"], Int[Tensor, " n"], Int[Tensor, " n"]]:
        """Logits of all caption tokens, the tokens, and to which example each belongs."""
        batch = batch.to(self.device)
        ids = torch.cat([batch.prompt_ids, batch.token_ids], dim=1)
        mask = torch.cat([batch.prompt_mask, batch.token_mask], dim=1)
        said = torch.cat([torch.zeros_like(batch.prompt_mask), batch.token_mask], dim=1)
        order = (~mask).int().argsort(dim=1, stable=True)[:, : int(mask.sum(dim=1).max())]  # no gap before the caption
        ids, mask, said = ids.gather(1, order), mask.gather(1, order), said.gather(1, order)
        inputs = {"input_ids": ids, "attention_mask": mask.long(), **self._seen(batch.images, ids, said)}
        logits = network.logits_of(self.network, said, **inputs)
        return logits, ids[said], said.nonzero()[:, 0]

    def _seen(
        self, images: Images | None, ids: Int[Tensor, "B L"], said: Bool[Tensor, "B L"] | None = None
    ) -> dict[str, Tensor]:
        """All that goes with the ids."""
        pictures = () if images is None else images.inputs or ()
        own = [{name: part for name, part in picture.items() if name != BLOCK} for picture in pictures]
        joined = network.join(own, like=self.network.get_input_embeddings().weight)
        return joined | self._chat.token_types(ids, said)

    def _write(self, ids: Sequence[int], reading: Reading | None) -> tuple[str, tuple[Quote, ...]]:
        text = self.tokenizer.decode(ids)
        return text, matching.find(text, reading)
