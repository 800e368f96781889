"""Self-critical training: micro-batches → those of sampled captions, weighted by how much better than expected.

The gradient of the reward a caption may expect is that of Σ advantage · -log p(caption): cross-entropy of the
captioner's own captions, with weights. So the loop, the loss and every captioner stay as they are.
Source: Rennie et al., arXiv 1612.00563 (greedy baseline); Luo, arXiv 2003.09971 (mean of the other samples).
Limits: captions are sampled and weighed without dropout, but for that between the layers of an RNN; and a captioner
with scheduled sampling should have it off.

The reward is chrF2 (0..100) or CIDEr-D (0..10) against the picture's references, of texts prepared as `ru-words`
prepares them. CIDEr-D takes its document frequencies from all the references of the stage, so a caption's reward does
not depend on the batch that it stands in.

B examples, S samples of each.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from memecap.captioners.base import TrainableCaptioner
from memecap.decoding.base import Search
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.metrics.base import Array
from memecap.metrics.chrf import Chrf, ChrfConfig
from memecap.metrics.cider import Cider, CiderConfig, count_frequencies
from memecap.modeling.batch import pad
from memecap.modeling.outputs import Caption
from memecap.scoring.presets import preset
from memecap.training.config import SelfCritical
from memecap.training.sampling import MicroBatch


class SelfCriticalSampler:
    """Samples captions and weighs them; `references` are those of each training item."""

    def __init__(
        self, captioner: TrainableCaptioner, settings: SelfCritical, references: Sequence[Sequence[str]]
    ) -> None:
        self.captioner = captioner
        self.settings = settings
        self.reward = Reward(settings.reward, references)

    def sample(self, window: Sequence[MicroBatch], seed: str) -> list[MicroBatch]:
        """What to learn in place of the references; `seed` alone decides the sampling."""
        sampled = [self._sample(micro_batch, f"{seed}/{place}") for place, micro_batch in enumerate(window)]
        for module in self.captioner.modules():
            if isinstance(module, nn.Dropout):
                module.eval()
        return sampled

    def _sample(self, micro_batch: MicroBatch, seed: str) -> MicroBatch:
        settings = self.settings
        captions = self._write(
            micro_batch,
            Nucleus(
                top_p=1.0,
                seed=random.Random(seed).getrandbits(32),
                n_candidates=settings.n_samples,
                max_new_tokens=settings.max_new_tokens,
            ),
        )
        rewards = self._judge(captions, micro_batch)
        batch = micro_batch.batch.select(torch.arange(len(micro_batch.batch)).repeat_interleave(settings.n_samples))
        token_ids, token_mask = pad([caption.token_ids for row in captions for caption in row])
        advantages = torch.from_numpy((rewards - self._expected(rewards, micro_batch)).flatten()).float()
        batch = replace(batch, token_ids=token_ids, token_mask=token_mask, weights=advantages, label_smoothing=0.0)
        return replace(
            micro_batch,
            batch=batch,
            n_tokens=batch.n_tokens if micro_batch.n_tokens else 0,
            rewards=tuple(rewards.flatten().tolist()),
        )

    def _write(self, micro_batch: MicroBatch, search: Search) -> list[list[Caption]]:
        batch = micro_batch.batch.to(self.captioner.device)
        return self.captioner.generate(batch.images, micro_batch.readings, search)

    def _judge(self, captions: Sequence[Sequence[Caption]], micro_batch: MicroBatch) -> Array:
        """Rewards [B S]."""
        texts = [caption.text for row in captions for caption in row]
        items = [item for item, row in zip(micro_batch.items, captions, strict=True) for _ in row]
        return self.reward(texts, items).reshape(len(captions), -1)

    def _expected(self, rewards: Array, micro_batch: MicroBatch) -> Array:
        """The reward to be better than: [B S] or [B 1]."""
        if self.settings.baseline == "greedy":
            greedy = Greedy(max_new_tokens=self.settings.max_new_tokens)
            return self._judge(self._write(micro_batch, greedy), micro_batch)
        others: Array = (rewards.sum(axis=1, keepdims=True) - rewards) / np.float64(rewards.shape[1] - 1)
        return others


class Reward:
    """The metric of a self-critical stage; `references` are those of each training item."""

    def __init__(self, name: str, references: Sequence[Sequence[str]]) -> None:
        self._prepare = preset("ru-words").prepare
        self.references = [[self._prepare(text, "text") for text in row] for row in references]
        self.metric: Chrf | Cider
        if name == "chrf2":
            self.metric = Chrf(ChrfConfig(name="chrf"))
        else:
            self.metric = Cider(CiderConfig(name="cider"))
            self.metric.frequencies = count_frequencies(self.references, "train")
        self.name = name

    def __call__(self, texts: Sequence[str], items: Sequence[int]) -> Array:
        """The rewards [n] of texts, each a caption of an item."""
        rows = self.metric.statistics(
            [self._prepare(text, "text") for text in texts], [self.references[item] for item in items]
        )
        return self.metric.scores(rows)[self.name]
