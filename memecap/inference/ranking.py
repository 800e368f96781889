"""Candidates of a captioner in the order of a weighted sum of what speaks for them; the sum is the caption's score.

log_probability   nats per token (≤ 0): divided by the caption's tokens, or short captions would always win
picture           cosine of picture and caption in the space of a CLIP or ruCLIP (−1..1)
reading           how well the quotes agree with what was read (0..1): F1 of words, read words weighted by confidence
consensus         similarity to the other candidates (0..1)

A weight says how much a criterion counts. With one criterion of weight one the score is that criterion itself, so a
caller can take it as confidence. Source of the picture's part: Hessel et al., CLIPScore, arXiv 2104.08718.

B pictures, N image tokens of width D, n captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from PIL import Image
from pydantic import Field, model_validator
from torch.nn import functional
from typing_extensions import Self

from memecap.captioners.base import Captioner
from memecap.core import config, spelling
from memecap.core.config import EncoderConfig, Frozen
from memecap.decoding.mbr import consensus, quoted_share, words_of
from memecap.encoders.base import ImageEncoder
from memecap.errors import ConfigError, UsageError
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.reading.base import Reading

CRITERIA = ("log_probability", "picture", "reading", "consensus")


class Ranking(Frozen):
    """Weights of the criteria."""

    log_probability: float = Field(0.0, description="weight of nats per token")
    picture: float = Field(0.0, description="weight of the cosine of picture and caption")
    reading: float = Field(0.0, description="weight of the agreement of quotes and reading")
    consensus: float = Field(0.0, description="weight of the similarity to the other candidates")
    judge: EncoderConfig | None = Field(
        None, description="the CLIP or ruCLIP that compares; null: the captioner's own encoder"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in CRITERIA):
            raise ValueError(f"every weight is zero; there are {', '.join(CRITERIA)}")
        return self


def choose(weights: Sequence[str], judge: str | None = None) -> Ranking | None:
    """A ranking from words `criterion` or `criterion=weight`, and `encoder` or `encoder=model`; None from none.

    Raises `UsageError` at no such criterion, or a weight that is no number.
    """
    settings: dict[str, Any] = {}
    for word in weights:
        name, _, weight = word.partition("=")
        try:
            settings[name] = float(weight or 1)
        except ValueError as error:
            raise UsageError(f"{weight!r} is no number", where="--rank", fix="Write picture=2.") from error
        spelling.choose(name, CRITERIA, "criterion", where="--rank")
    if judge is not None:
        name, _, model = judge.partition("=")
        settings["judge"] = {"name": name, "model": model} if model else name
    return config.validate(Ranking, settings, where="--rank") if settings else None


class Ranker:
    """Orders candidates; it holds the judge, so one is made for many batches."""

    def __init__(self, ranking: Ranking, captioner: Captioner) -> None:
        self.ranking = ranking
        self.judge: ImageEncoder | None = None
        self._own = ranking.judge is None
        if ranking.picture:
            self.judge = captioner.encoder if self._own else config.build("encoders", ranking.judge).eval()
            if self.judge is None or not hasattr(self.judge, "text_features") or self.judge.n_tokens != 1:
                what = "pictures and captions are compared by a CLIP's pooled vectors, and this captioner has none"
                raise ConfigError(what, where="ranking.judge", fix="Name a judge: --judge ruclip.")

    def order(
        self,
        candidates: Sequence[Sequence[Caption]],
        readings: Sequence[Reading | None],
        *,
        features: Images | None = None,
        pictures: Sequence[Image.Image] = (),
    ) -> list[list[Caption]]:
        """The candidates of each picture, best first, with their scores.

        Args:
            features: what the captioner's own encoder saw, for a ranking without another judge.
            pictures: what another judge looks at.
        """
        similarity = self._similarity(candidates, features, pictures)
        return [
            self._order_one(found, reading, alike)
            for found, reading, alike in zip(candidates, readings, similarity, strict=True)
        ]

    def _order_one(
        self, candidates: Sequence[Caption], reading: Reading | None, alike: Sequence[float]
    ) -> list[Caption]:
        ranking, texts = self.ranking, [caption.text for caption in candidates]
        together = consensus(texts) if ranking.consensus else [0.0] * len(texts)
        scored = [
            replace(
                caption,
                score=ranking.log_probability * (caption.nats_per_token or 0.0)
                + ranking.picture * cosine
                + ranking.reading * agreement(caption, reading)
                + ranking.consensus * shared,
            )
            for caption, cosine, shared in zip(candidates, alike, together, strict=True)
        ]
        return sorted(scored, key=lambda caption: -(caption.score or 0.0))

    @torch.no_grad()
    def _similarity(
        self, candidates: Sequence[Sequence[Caption]], features: Images | None, pictures: Sequence[Image.Image]
    ) -> list[list[float]]:
        """The cosine of each candidate and its picture; zeros where it counts for nothing."""
        if self.judge is None:
            return [[0.0] * len(found) for found in candidates]
        judge: Any = self.judge
        if self._own and features is not None:
            seen = features.tensor
        else:
            seen = judge.encode([judge.transform(picture) for picture in pictures])
        texts = list(dict.fromkeys(caption.text for found in candidates for caption in found))
        vectors = functional.normalize(judge.text_features(texts).float().to(seen.device), dim=1)
        vector_of = dict(zip(texts, vectors, strict=True))
        looks = functional.normalize(seen.float().mean(dim=1), dim=1)
        return [
            [float(vector_of[caption.text] @ look) for caption in found]
            for found, look in zip(candidates, looks, strict=True)
        ]


def agreement(caption: Caption, reading: Reading | None) -> float:
    """F1 of the words quoted and the words read; 1 where nothing is read and nothing quoted."""
    quoted = [word for quote in caption.quotes for word in words_of(quote.text)]
    read = {word for line in (reading.lines if reading else ()) for word in words_of(line.text)}
    if not quoted or not read:
        return float(not quoted and not read)
    recall = quoted_share(caption, reading)
    precision = sum(word in read for word in quoted) / len(quoted)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
