"""ROUGE-L: an F-score of the longest common subsequence of words, recall weighing 1.2² times as much as precision.

In: words joined by spaces. Out: `rouge_l`, the mean over rows, 0..1. Of several references the best precision and the
best recall are taken, which may come from two of them.

Source: Lin 2004, as `pycocoevalcap/rouge/rouge.py` computes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

from memecap.metrics.base import Metric, Quantity

BETA = 1.2


class Rouge(Metric):
    """Statistics of a row: its score, and 1."""

    quantities = (Quantity(name="rouge_l", label="ROUGE-L", places=()),)

    @property
    def signature(self) -> str:
        return f"rouge_l|beta:{BETA}"

    def row(self, hypothesis: str, references: Sequence[str]) -> tuple[float, float]:
        words, wanted = hypothesis.split(), [reference.split() for reference in references]
        shared = [LCSseq.similarity(words, reference) for reference in wanted]
        precision = max(shared) / max(len(words), 1)
        recall = max(common / max(len(reference), 1) for common, reference in zip(shared, wanted, strict=True))
        return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision) if max(shared) else 0.0, 1.0
