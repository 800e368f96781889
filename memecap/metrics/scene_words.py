"""Scene words: which content words of the scene a caption shares with its reference, rare ones counting more.

In: texts as they are written. Out, means over rows, 0..1:
    scene_words_precision   of the caption's content words outside quotes, those that the reference has too;
                            over the rows whose caption has any
    scene_words_recall      of the reference's, those that the caption has too; over the rows whose reference has any
    scene_words_f1          their harmonic mean, a row at a time; over the rows where either side has any

Nouns, verbs, adjectives and numbers are compared as lemmas, each as often as it occurs. A word's weight is its rarity
in the training captions, log((N + 1) / (n + 1)) with n of N captions that hold it: «надпись» weighs next to nothing,
«аквариум» much. Without training captions all weigh 1; the signature says which. Of several references a row takes the
best in F1.

Source: ours; weights after CIDEr's (Vedantam et al., arXiv 1411.5726). Limits: a synonym is no match, and a right word
said of the wrong thing is one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import Field

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, best, ratio
from memecap.metrics.overlap import content_words

Lemmas = Counter[str]


class SceneWordsConfig(MetricConfig):
    view: View = Field("written", description="as it is written: the scene is found in it")
    captions: tuple[str, ...] | None = Field(
        None, repr=False, description="training captions as they are written: they say how rare a word is"
    )


class SceneWords(Metric[SceneWordsConfig]):
    """Statistics of a row: precision, recall and F1, each followed by whether the row counts for it."""

    Config = SceneWordsConfig
    quantities = (
        Quantity(name="scene_words_f1", label="Scene words", label_ru="Слова сцены", places=("table", "curve")),
        Quantity(
            name="scene_words_precision", label="Scene words: precision", label_ru="Слова сцены: точность", places=()
        ),
        Quantity(name="scene_words_recall", label="Scene words: recall", label_ru="Слова сцены: полнота", places=()),
    )

    def __init__(self, config: SceneWordsConfig | None = None) -> None:
        super().__init__(config)
        self._weight = rarity(self.config.captions)

    @property
    def signature(self) -> str:
        rare = "none" if self.config.captions is None else f"training:{len(self.config.captions)}"
        return f"scene_words|nouns+verbs+adjectives+numbers|pymorphy3|rarity:{rare}"

    def row(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        ours = _lemmas(hypothesis)
        pairs = [self._compare(ours, _lemmas(reference)) for reference in references]
        return best(pairs, lambda pair: pair[4])

    def scores(self, totals: Array) -> dict[str, Array]:
        names = ("scene_words_precision", "scene_words_recall", "scene_words_f1")
        return {name: ratio(totals[..., 2 * k], totals[..., 2 * k + 1]) for k, name in enumerate(names)}

    def _compare(self, ours: Lemmas, theirs: Lemmas) -> list[float]:
        shared, said, wanted = (self._worth(words) for words in (ours & theirs, ours, theirs))
        precision, recall = (shared / side if side else 0.0 for side in (said, wanted))
        f1 = 2 * shared / (said + wanted) if said + wanted else 0.0
        return [precision, said > 0, recall, wanted > 0, f1, said + wanted > 0]

    def _worth(self, words: Lemmas) -> float:
        return sum(self._weight(lemma) * count for lemma, count in words.items())


def rarity(captions: Sequence[str] | None) -> Callable[[str], float]:
    """Lemma → its weight: the logarithm of how rare it is among the scenes of these captions; 1 without any."""
    if captions is None:
        return lambda lemma: 1.0
    held = Counter(lemma for caption in captions for lemma in set(_lemmas(caption)))
    n = len(captions)
    return lambda lemma: math.log((n + 1) / (held[lemma] + 1))


def _lemmas(caption: str) -> Lemmas:
    return Counter(word.lemma for word in content_words.scene_words(caption))
