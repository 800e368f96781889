"""A recogniser of the Hub (TrOCR and its kin, any VisionEncoderDecoder) over the lines that another reader finds.

In: upright RGB pictures. Out: the other reader's lines with their text written anew; confidence is the mean
probability of a line's tokens, not calibrated on memes. Source: TrOCR (arXiv 2109.10282) through transformers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from PIL import Image
from pydantic import Field

from memecap.core import config as configuration
from memecap.core import defaults, hub
from memecap.core.config import PartConfig, ReaderConfig
from memecap.core.parallel import chunks
from memecap.errors import DataError
from memecap.reading.base import Box, Line, Reader, Reading
from memecap.reading.engine.confidence import language

MARGIN = 0.15  # of a line's height, left around it: cut letters are misread


class TrOcr(Reader):
    """Lines found by `finder`, read by a model of the Hub."""

    class Config(PartConfig):
        name: str = "trocr"
        model: str = Field(description="Hub id or folder of a VisionEncoderDecoder, its tokenizer and image processor")
        finder: ReaderConfig = Field(
            defaults.READER, validate_default=True, description="the reader that finds the lines"
        )
        batch_size: int = Field(16, ge=1, description="lines read together")
        max_new_tokens: int = Field(64, ge=1, description="longest line, in tokens")
        device: str = Field("cpu", description="cpu, cuda, mps")

    def __init__(self, config: TrOcr.Config) -> None:
        self.config = config
        self._finder: Reader = configuration.build("reading", config.finder)
        self._model, self._processor, self._tokenizer = _load(config.model)
        self._model.to(config.device).eval()

    @property
    def version(self) -> str:
        return f"trocr {self.config.model} over {self._finder.version}"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        found = self._finder.read(images)
        crops = [
            image.crop(_around(line.box, image.size))
            for image, reading in zip(images, found, strict=True)
            for line in reading.lines
        ]
        written = iter(self._recognise(crops))
        return [replace(reading, lines=_rewritten(reading.lines, written), reader=self.version) for reading in found]

    @torch.inference_mode()
    def _recognise(self, crops: Sequence[Image.Image]) -> list[tuple[str, float]]:
        """Text and mean token probability of each crop; crops of like width are read together."""
        order = sorted(range(len(crops)), key=lambda place: crops[place].width)
        texts: dict[int, tuple[str, float]] = {}
        for places in chunks(order, self.config.batch_size):
            pixels = self._processor([crops[place] for place in places], return_tensors="pt")["pixel_values"]
            answer = self._model.generate(
                pixels.to(self.config.device),
                max_new_tokens=self.config.max_new_tokens,
                do_sample=False,
                return_dict_in_generate=True,
                output_scores=True,
            )
            scores = self._model.compute_transition_scores(answer.sequences, answer.scores, normalize_logits=True)
            scores = scores.masked_fill(~torch.isfinite(scores), 0.0)  # after the end token
            sure = scores.mean(1).exp().tolist()
            decoded = self._tokenizer.batch_decode(answer.sequences, skip_special_tokens=True)
            texts |= {place: (text.strip(), value) for place, text, value in zip(places, decoded, sure, strict=True)}
        return [texts[place] for place in range(len(crops))]


def _rewritten(lines: Sequence[Line], written: Iterator[tuple[str, float]]) -> tuple[Line, ...]:
    """As many lines as stand here, written anew by what comes next."""
    pairs = zip(lines, written, strict=False)
    return tuple(Line(text, line.box, round(sure, 3), language(text)) for line, (text, sure) in pairs if text)


def _around(box: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    margin = round(MARGIN * (bottom - top)) + 1
    return max(left - margin, 0), max(top - margin, 0), min(right + margin, size[0]), min(bottom + margin, size[1])


def _load(model: str) -> tuple[Any, Any, Any]:
    from transformers import AutoImageProcessor, AutoTokenizer, VisionEncoderDecoderModel

    folder = hub.fetch_model(model)
    network = hub.pretrained(VisionEncoderDecoderModel, folder, may_lack=("encoder.pooler.",))
    try:
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil", local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        told = f"cannot read the image processor or the tokenizer: {str(error).splitlines()[0]}"
        fix = "Choose a model such as those of TrOCR, whose folder holds both."
        raise DataError(told, where=folder, fix=fix) from error
    return network, processor, tokenizer
