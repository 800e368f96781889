"""Quotes: how much of the text on the picture a caption repeats, and how exactly.

In: the quoted spans of each text, a line each, words joined by spaces. Out, over the words of the whole corpus:
    quoted_recall, quoted_precision   0..1; words count as often as they occur, in any order, across all spans
    quoted_cer, quoted_wer            edits of characters (words) over those of the reference; can pass 1
    quoted_1ned                       1 - edits / the longer side, in characters; the mean of rows where one side quotes

The last three compare all spans of a row, joined in their order. Of several references a row takes the best in F1.

Source: 1-NED as in ICDAR's robust reading competitions.
Limits: a meme in another language is translated in its description, and no reading can match that (about 12 %).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field
from rapidfuzz.distance import Levenshtein

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, best, ratio
from memecap.metrics.overlap.ngrams import ngrams, shared


class QuotesConfig(MetricConfig):
    view: View = Field("quotes", description="text: all of it; quotes: its quoted spans; scene: the text without them")
    edits: bool = Field(False, description="also CER, WER and 1-NED")


class Quotes(Metric[QuotesConfig]):
    """Statistics of a row: quoted words shared, found, wanted; then edits and sizes in characters and words."""

    Config = QuotesConfig
    quantities = (
        Quantity(name="quoted_recall", label="quoted recall", label_ru="Цитаты: полнота"),
        Quantity(
            name="quoted_precision", label="quoted precision", label_ru="Цитаты: точность", places=("table", "epoch")
        ),
        Quantity(name="quoted_cer", label="quoted CER", label_ru="Цитаты: CER", direction="lower", places=()),
        Quantity(name="quoted_wer", label="quoted WER", label_ru="Цитаты: WER", direction="lower", places=()),
        Quantity(name="quoted_1ned", label="quoted 1-NED", label_ru="Цитаты: 1-NED", places=()),
    )

    @property
    def signature(self) -> str:
        return "quotes|grammar:2|words|micro" + ("|edits:joined" if self.config.edits else "")

    def scores(self, totals: Array) -> dict[str, Array]:
        matched, found, wanted = (totals[..., k] for k in range(3))
        scores = {"quoted_recall": ratio(matched, wanted), "quoted_precision": ratio(matched, found)}
        if self.config.edits:
            characters, length, words, closeness, n = (totals[..., k] for k in range(3, 8))
            scores["quoted_cer"] = ratio(characters, length)
            scores["quoted_wer"] = ratio(words, wanted)
            scores["quoted_1ned"] = ratio(closeness, n)
        return scores

    def row(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        words = hypothesis.split()
        overlaps = [(*_overlap(words, reference.split()), reference) for reference in references]
        *counts, reference = best(overlaps, _f1)
        return [*counts, *(_edits(words, str(reference).split()) if self.config.edits else ())]


def _overlap(hypothesis: list[str], reference: list[str]) -> tuple[int, int, int]:
    return shared(ngrams(hypothesis, 1), ngrams(reference, 1)), len(hypothesis), len(reference)


def _f1(overlap: tuple[int, int, int, str]) -> float:
    matched, found, wanted, _ = overlap
    return 2 * matched / (found + wanted) if found + wanted else 0.0


def _edits(hypothesis: list[str], reference: list[str]) -> tuple[float, ...]:
    ours, theirs = " ".join(hypothesis), " ".join(reference)
    distance = Levenshtein.distance(ours, theirs)
    longer = max(len(ours), len(theirs))
    words = Levenshtein.distance(hypothesis, reference)
    return distance, len(theirs), words, 1 - distance / longer if longer else 0.0, bool(longer)
