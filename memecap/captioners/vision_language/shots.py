"""Training memes to show before a new one: of those that were read, the ones whose text is most alike.

In: corpora with stored readings. Out: for a reading, `Shot`s by cosine of their letters' trigrams, weighted by rarity,
so that a misread letter costs little. While a caption is learnt, memes that have it are passed over. A text that is
like none, or none at all, gets memes of which nothing was read, then the first of the store.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import Field

from memecap.core import manifest, storage
from memecap.core.config import Frozen
from memecap.errors import ConfigError, DataError
from memecap.reading.base import Reading
from memecap.reading.stored import readings

FILE = "shots.jsonl"  # in a checkpoint folder


class FewShot(Frozen):
    """Which memes are shown, and how many."""

    corpora: tuple[Path, ...] = Field(min_length=1, description="folders of corpora whose train memes are shown")
    n_examples: int = Field(4, ge=1, description="memes shown before the one to describe")


@dataclass(frozen=True, slots=True)
class Shot:
    """What was read on a meme, and how people described it."""

    text: str
    captions: tuple[str, ...]


class Store:
    """Memes by their text."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        self.shots = list(shots)
        counts = [_trigrams(shot.text) for shot in self.shots]
        n_with = Counter(trigram for found in counts for trigram in found)
        self._weight = {trigram: math.log(1 + len(self.shots) / n) for trigram, n in n_with.items()}
        self._places: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, found in enumerate(counts):
            for trigram, share in self._normal(found).items():
                self._places[trigram].append((place, share))
        self._textless = [place for place, found in enumerate(counts) if not found]

    @classmethod
    def from_folder(cls, folder: Path) -> Store:
        """Raises `MissingFileError`, or `DataError` when the file is not that of a store."""
        try:
            records = list(storage.read_jsonl(folder / FILE))
            return cls([Shot(str(one["text"]), tuple(one["captions"])) for one in records])
        except (KeyError, TypeError) as error:
            fix = "Save or fetch the checkpoint again."
            raise DataError("not memes with their captions", where=folder / FILE, fix=fix) from error

    def save(self, folder: Path) -> None:
        storage.write_jsonl(folder / FILE, (asdict(shot) for shot in self.shots))

    def like(self, reading: Reading | None, n: int, *, without: str | None = None) -> list[Shot]:
        """The n memes whose text is most like the reading's, the most alike first.

        Args:
            without: a caption that is being learnt; memes that have it are passed over.
        """
        alike: dict[int, float] = defaultdict(float)
        for trigram, share in self._normal(_trigrams(reading.text if reading else "")).items():
            for place, weight in self._places.get(trigram, ()):
                alike[place] += share * weight
        order = sorted(alike, key=lambda place: (-alike[place], place))
        found: dict[int, Shot] = {}
        for places in (order, self._textless, range(len(self.shots))):
            for place in places:
                if len(found) == n:
                    break
                if without is None or without not in self.shots[place].captions:
                    found[place] = self.shots[place]
        return list(found.values())

    def _normal(self, counts: Counter[str]) -> dict[str, float]:
        """Weights of length one; a trigram of which no meme knows weighs nothing."""
        weights = {t: n * self._weight[t] for t, n in counts.items() if t in self._weight}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {trigram: weight / length for trigram, weight in weights.items()}


def build(config: FewShot) -> Store:
    """From the described train memes of the corpora, with their newest stored readings."""
    return Store([shot for folder in config.corpora for shot in _shots(manifest.open_corpus(folder))])


def _shots(corpus: manifest.Corpus) -> Iterable[Shot]:
    stored = readings.load_readings(corpus.folder)
    if not stored:
        fix = f"Run `memecap read {corpus.folder}`."
        raise ConfigError("examples are chosen by what was read, and nothing was", where=corpus.folder, fix=fix)
    for row in corpus.rows("train"):
        if row.captions:
            read = stored.get(row.image_id)
            yield Shot("\n".join(line.said for line in read.lines) if read else "", row.captions)


def _trigrams(text: str) -> Counter[str]:
    words = re.findall(r"\w+", text.casefold().replace("ё", "е"))
    joined = f" {' '.join(words)} "
    return Counter(joined[i : i + 3] for i in range(len(joined) - 2)) if words else Counter()
