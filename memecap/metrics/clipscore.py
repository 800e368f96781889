"""CLIPScore and RefCLIPScore with ruCLIP: how near a caption is to its picture, seen by a network and not by people.

In: texts as they are written, and the picture of each row. Out, means over rows:
    clipscore       2.5 * max(cos(caption, picture), 0)
    refclipscore    the harmonic mean of that and of the best cos(caption, reference), below 0 counted as 0
    clip_truncated  the share of captions longer than ruCLIP's text window (77 tokens), whose ends it did not see

Source: Hessel et al., arXiv 2104.08718, without their English prompt. The signature names model and weights.
Limits: a captioner that sees with the judge's own encoder is judged by itself (scoring warns); ruCLIP hardly reads
text on pictures, and quotes fill its window. Needs ruCLIP's files: the Hub once, or a folder.

N rows, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from memecap.core.parallel import chunks
from memecap.encoders.base import sight
from memecap.encoders.ruclip import RuCLIP
from memecap.errors import UsageError
from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, ratio
from memecap.pictures.safe_open import open_picture

WEIGHT = 2.5
BATCH = 16


class ClipscoreConfig(MetricConfig):
    view: View = Field("written", description="what of a text is compared; written: the text as it is")
    model: str = Field("ai-forever/ruclip-vit-base-patch32-384", description="a folder or a Hub id of a ruCLIP")
    pictures: tuple[Path, ...] | None = Field(None, description="the picture of each row; scoring fills it in")


class Clipscore(Metric[ClipscoreConfig]):
    """Statistics of a row: CLIPScore, RefCLIPScore, whether the caption was cut, and 1."""

    Config = ClipscoreConfig
    cost = "network"
    quantities = (
        Quantity(name="clipscore", label="CLIPScore", places=()),
        Quantity(name="refclipscore", label="RefCLIPScore", places=()),
        Quantity(
            name="clip_truncated", label="Cut for CLIP", label_ru="Обрезано для CLIP", direction="neither", places=()
        ),
    )

    @property
    def signature(self) -> str:
        return f"clipscore|model:{self.config.model}|weights:{self.judge[:12]}|w:{WEIGHT}|prompt:no"

    @property
    def judge(self) -> str:
        return _judge(self.config.model).sight

    def statistics(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Array:
        pictures = self.config.pictures
        if pictures is None or len(pictures) != len(hypotheses):
            told = f"CLIPScore looks at pictures: {len(pictures or ())} of them came for {len(hypotheses)} captions"
            fix = "Give the picture of each row (`memecap score --images FOLDER`)."
            raise UsageError(told, where="clipscore: pictures", fix=fix)
        judge = _judge(self.config.model)
        captions, seen = judge.read(hypotheses), judge.look(pictures)
        near = np.maximum(0.0, (captions * seen).sum(dim=1).double().numpy()) * WEIGHT
        flat = judge.read([reference for row in references for reference in row])
        parts = torch.split(flat, [len(row) for row in references])
        best = [float((part @ caption).max()) for part, caption in zip(parts, captions, strict=True)]
        alike = np.maximum(0.0, np.array(best))
        cut = [not judge.encoder.fits(text) for text in hypotheses]
        return np.column_stack([near, ratio(2 * near * alike, near + alike), cut, np.ones(len(near))])


class _Judge:
    """ruCLIP's two towers; a picture that several systems describe is looked at once."""

    def __init__(self, model: str) -> None:
        self.encoder = RuCLIP(RuCLIP.Config(name="ruclip", model=model)).eval()
        self.sight = sight(self.encoder)
        self.seen: dict[Path, Tensor] = {}

    @torch.inference_mode()
    def look(self, pictures: Sequence[Path]) -> Tensor:
        """Unit vectors [N D]."""
        new = [path for path in dict.fromkeys(pictures) if path not in self.seen]
        for batch in chunks(new, BATCH):
            seen = self.encoder.encode([self.encoder.transform(open_picture(path)) for path in batch])
            self.seen.update(zip(batch, _unit(seen[:, 0]), strict=True))
        return torch.stack([self.seen[path] for path in pictures])

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors [N D]."""
        return _unit(torch.cat([self.encoder.text_features(batch) for batch in chunks(texts, BATCH)]))


def _unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)


_judge = cache(_Judge)
