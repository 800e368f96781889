"""BERTScore: each token finds its nearest token on the other side, by the cosine of their vectors in context.

In: texts as they are written; the model's own tokenizer cuts them. Out: `bertscore_precision`, `bertscore_recall` and
`bertscore` (F1), means over rows; of several references a row takes the best of each.

Source: Zhang et al., arXiv 1904.09675; equal to the package bert-score without idf and without rescaling (Russian has
no baseline there). An empty side scores 0. Start and end tokens can be found but do not search.
Limits: numbers of two models, or of two layers, do not compare; the signature names model, weights and layer. Random
Russian sentences score .6 to .7, so read it beside the floors. Needs the model's files: the Hub once, or a folder.

B texts, T tokens, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from memecap.core import hub
from memecap.core.device import choose as choose_device
from memecap.core.parallel import chunks
from memecap.encoders.base import weights_hash
from memecap.errors import UsageError
from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View


class BertscoreConfig(MetricConfig):
    view: View = Field("written", description="what of a text is compared; written: the text as it is")
    model: str = Field("google-bert/bert-base-multilingual-cased", description="a folder or a Hub id")
    layer: int = Field(9, ge=0, description="whose vectors; 9 is bert-score's choice for the default model")
    batch_size: int = Field(32, ge=1, description="pairs compared at once")


class Bertscore(Metric[BertscoreConfig]):
    """Statistics of a row: precision, recall, F1, and 1."""

    Config = BertscoreConfig
    cost = "network"
    quantities = (
        Quantity(name="bertscore_precision", label="BERTScore precision", label_ru="BERTScore: точность", places=()),
        Quantity(name="bertscore_recall", label="BERTScore recall", label_ru="BERTScore: полнота", places=()),
        Quantity(name="bertscore", label="BERTScore", places=("epoch", "curve")),
    )

    @property
    def signature(self) -> str:
        weights = _reader(self.config.model).weights
        return f"bertscore|model:{self.config.model}|weights:{weights}|layer:{self.config.layer}|idf:no|rescaled:no"

    def statistics(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Array:
        pairs = [(h, reference) for h, row in zip(hypotheses, references, strict=True) for reference in row]
        order = sorted(range(len(pairs)), key=lambda place: len(pairs[place][0]))  # equal lengths need no padding
        found = np.zeros((len(pairs), 3))
        for batch in chunks(order, self.config.batch_size):
            found[batch] = self._compare([pairs[place] for place in batch])
        ends = np.cumsum([len(row) for row in references])
        rows = [part.max(axis=0) for part in np.split(found, ends[:-1])]
        return np.column_stack([np.array(rows).reshape(-1, 3), np.ones(len(rows))])

    def _compare(self, pairs: Sequence[tuple[str, str]]) -> Array:
        reader = _reader(self.config.model)
        ours, theirs = (reader.read([pair[side] for pair in pairs], self.config.layer) for side in (0, 1))
        return compare(*ours, *theirs).double().cpu().numpy()


def compare(
    hypothesis: Float[Tensor, "B H D"],
    seen_h: Bool[Tensor, "B H"],
    counted_h: Bool[Tensor, "B H"],
    reference: Float[Tensor, "B R D"],
    seen_r: Bool[Tensor, "B R"],
    counted_r: Bool[Tensor, "B R"],
) -> Float[Tensor, "B 3"]:
    """Precision, recall and F1 of unit vectors; tokens that are seen can be found, those that are counted search."""
    cosines = (hypothesis @ reference.transpose(1, 2)).masked_fill(~(seen_h[:, :, None] & seen_r[:, None]), -1.0)
    precision = _mean(cosines.amax(dim=2), counted_h)
    recall = _mean(cosines.amax(dim=1), counted_r)
    said = counted_h.any(dim=1) & counted_r.any(dim=1)
    f1 = (2 * precision * recall / (precision + recall)).nan_to_num(0.0, 0.0, 0.0)
    return torch.stack([precision, recall, f1], dim=1) * said[:, None]


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    return (values * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1)


class _Reader:
    """A language model that gives each token of a text a vector."""

    def __init__(self, model: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        folder = hub.fetch_model(model)
        self.model = hub.pretrained(AutoModel, folder, may_lack=("pooler",))
        self.model.to(choose_device(None))
        self.weights = weights_hash(self.model)[:12]
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        places = self.model.config.max_position_embeddings
        # Tokenizers without a limit of their own; RoBERTa's first two places are padding.
        limit = self.tokenizer.model_max_length
        self.longest = limit if limit <= places else places - 2

    @torch.inference_mode()
    def read(self, texts: Sequence[str], layer: int) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors [B T D], which tokens are no padding [B T], and which of those are words [B T]."""
        if layer > self.model.config.num_hidden_layers:
            told = f"the model has {self.model.config.num_hidden_layers} layers"
            raise UsageError(told, where=f"bertscore: layer {layer}", fix="Choose one of them.")
        stripped = [text.strip() for text in texts]
        batch = self.tokenizer(
            stripped, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
        ).to(self.model.device)
        ids, seen = batch["input_ids"], batch["attention_mask"].bool()
        hidden = self.model(input_ids=ids, attention_mask=seen.long(), output_hidden_states=True).hidden_states[layer]
        frame = torch.tensor([self.tokenizer.cls_token_id, self.tokenizer.sep_token_id], device=ids.device)
        return torch.nn.functional.normalize(hidden, dim=-1), seen, seen & ~torch.isin(ids, frame)


_reader = cache(_Reader)
