"""Corpora on disk, with the readings beside them → the datasets of a stage, which make the captioner's examples.

From row to loss: `Row` (a corpus's) → `Item` (as a stage sees it) → `Example` → `MicroBatch` (sampling.py) → `Loss`.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np
from accelerate import Accelerator

from memecap.captioners.base import TrainableCaptioner
from memecap.core import manifest, storage
from memecap.core.progress import track
from memecap.errors import ConfigError, DataError
from memecap.memory import stored as memory
from memecap.memory.own import load_own
from memecap.memory.recollection import Recollection
from memecap.modeling.batch import Example, ImageInput
from memecap.reading.base import Reading
from memecap.reading.stored import readings
from memecap.training.augmentation import augment, is_photograph, simulate_reading, simulate_recollection
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.image_inputs import ImageInputs, open_image_inputs

Lengths = Sequence[Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Item:
    """A row as a stage sees it."""

    image_id: str
    captions: tuple[str, ...]
    picture: Path | None
    reading: Reading | None
    photograph: bool = False  # read, and known to have no text on it


class Dataset:
    """The items of a split and the captioner's examples of them; what changes examples by chance does so in training.

    A caption is encoded once, with its stored reading, and its ids are kept in four bytes each. It is encoded again
    only where an example has another reading, or where the picture decides what stands in the prompt.
    """

    def __init__(
        self,
        captioner: TrainableCaptioner,
        items: Sequence[Sequence[Item]],
        image_inputs: ImageInputs | None,
        stage: StageConfig,
        *,
        train: bool,
    ) -> None:
        self.captioner = captioner
        self.items = [item for found in items for item in found]
        self.image_inputs = image_inputs
        self.stage = stage
        self.train = train
        self.counts = [len(found) for found in items]  # of each corpus
        self._first = array("q", accumulate((len(item.captions) for item in self.items), initial=0))
        self._ids, self._ends = array("i"), array("q", [0])  # of all captions, each followed by its prompt
        self._texts: list[str | None] = []
        for item in track(self.items, "measuring captions"):
            for caption in item.captions:
                example = captioner.example(caption, reading=item.reading)
                for ids in (example.token_ids, example.prompt_ids):
                    self._ids.extend(ids)
                    self._ends.append(len(self._ids))
                self._texts.append(example.text)

    @property
    def lengths(self) -> Lengths:
        """Tokens of each caption with its reading, by corpus and item: examples of like length are put together."""
        lengths = (np.array(self._ends[2::2]) - np.array(self._ends[:-1:2])).tolist()
        items = iter([lengths[start:end] for start, end in zip(self._first, self._first[1:], strict=False)])
        return [[next(items) for _ in range(n)] for n in self.counts]

    @property
    def n_cut(self) -> int:
        """Captions of which the captioner learns the beginning only."""
        end_id = self.captioner.tokenizer.end_id
        spans = zip(self._ends[:-1:2], self._ends[1::2], strict=True)  # of the captions, without their prompts
        return sum(end_id not in self._ids[max(end - 1, start) : end] for start, end in spans)

    def example(
        self, item: int, caption: int, *, image: ImageInput | None = None, reading: Reading | None = None
    ) -> Example:
        """The example of a caption, told of a picture and a reading."""
        chosen = self.items[item]
        if reading is chosen.reading and (image is None or not self.captioner.prompts_by_picture):
            number = self._first[item] + caption
            start, middle, end = self._ends[2 * number : 2 * number + 3]
            prompt_ids, text = self._ids[middle:end].tolist(), self._texts[number]
            return Example(self._ids[start:middle].tolist(), prompt_ids=prompt_ids, text=text, image=image)
        return self.captioner.example(chosen.captions[caption], image=image, reading=reading)

    def reading(self, item: int, caption: int, seed: str) -> Reading | None:
        """What the captioner is told of the picture's text, and of the same picture described before.

        `seed` decides what is lost and what is simulated.
        """
        reading = self._read(item, caption, seed)
        if not self.train or not (self.stage.recollection_dropout or self.stage.simulate_recollection):
            return reading
        return self._remember(item, caption, reading, random.Random(f"{seed}/recollection"))

    def _remember(self, item: int, caption: int, reading: Reading | None, chance: random.Random) -> Reading | None:
        """The reading with what is remembered hidden, or simulated where there is nothing."""
        if reading is not None and reading.recollections:
            hidden = chance.random() < self.stage.recollection_dropout
            return replace(reading, recollections=()) if hidden else reading
        if chance.random() >= self.stage.simulate_recollection:
            return reading
        reading = reading or Reading((), 0, 0, "simulated")
        strange = chance.choice(chance.choice(self.items).captions)
        captions = self.items[item].captions
        return replace(reading, recollections=(simulate_recollection(captions, caption, strange, reading, chance),))

    def _read(self, item: int, caption: int, seed: str) -> Reading | None:
        chosen, stored = self.items[item], self.items[item].reading
        if stored is None:
            simulated = self.stage.simulate_reading
            return simulate_reading(chosen.captions[caption], random.Random(seed)) if simulated else None
        if not self.train or not self.stage.line_dropout:
            return stored
        chance = random.Random(seed)
        kept = tuple(line for line in stored.lines if chance.random() >= self.stage.line_dropout)
        return stored if len(kept) in (0, len(stored.lines)) else replace(stored, lines=kept)

    def image(self, item: int, seed: str) -> ImageInput | None:
        """What the captioner is given of the picture, None where it sees none; `seed` decides how it is changed."""
        if self.image_inputs is None:
            return None
        chosen, change = self.items[item], None
        if self.train and self.stage.augment:
            change = partial(
                augment,
                captions=chosen.captions,
                rng=random.Random(f"{seed}/picture"),
                photograph=chosen.photograph,
                rotation_degrees=self.stage.rotation_degrees,
            )
        return self.image_inputs.look(chosen.image_id, chosen.picture, change)


def open_datasets(
    captioner: TrainableCaptioner,
    corpora: Sequence[manifest.Corpus],
    stage: StageConfig,
    config: TrainConfig,
    accelerator: Accelerator,
) -> tuple[Dataset, Dataset]:
    """What a stage is trained on and what it is measured on, in a random order; missing features are computed first.

    Raises:
        ConfigError: a corpus has nothing to train on, or pictures are to be augmented and none is looked at.
        DataError: readings are demanded and a row has none.
    """
    image_inputs = open_image_inputs(captioner, corpora, stage, accelerator)
    train = [load_items(corpus, stage, "train", image_inputs) for corpus in corpora]
    for mixed, found in zip(stage.corpora, train, strict=True):
        if not found:
            raise _nothing_to_train_on(mixed.name, stage, sees=image_inputs is not None)
    val = [item for corpus in corpora for item in load_items(corpus, stage, "val", image_inputs)]
    order = np.random.default_rng(config.seed).permutation(len(val))[: config.val_rows]
    return (
        Dataset(captioner, train, image_inputs, stage, train=True),
        Dataset(captioner, [[val[i] for i in order]], image_inputs, stage, train=False),
    )


def load_items(corpus: manifest.Corpus, stage: StageConfig, split: str, image_inputs: ImageInputs | None) -> list[Item]:
    """The usable rows of a split: with a caption, and with a picture where the captioner looks at one."""
    stored = readings.load_readings(corpus.folder)
    told = {} if stage.readings is False else stored
    known = load_own(corpus, split) if stage.recollections else {}
    items = [
        Item(
            row.image_id,
            row.captions,
            corpus.image_path(row),
            _told(told.get(row.image_id), known.get(row.image_id, ())),
            is_photograph(row.captions, stored.get(row.image_id)),
        )
        for row in corpus.rows(split)
        if row.captions and (image_inputs is None or image_inputs.has(row))
    ]
    unread = sum(item.image_id not in told for item in items)
    if stage.readings and unread and not stage.simulate_reading:
        raise DataError(
            f"{unread} of {len(items)} rows of {split} have no stored reading, and stage {stage.name} demands them",
            where=corpus.folder,
            fix=f"Run `memecap read {corpus.folder}`, or set simulate_reading: true, or readings: null.",
        )
    return items


def _told(reading: Reading | None, known: Sequence[Recollection]) -> Reading | None:
    if not known:
        return reading
    return replace(reading or Reading((), 0, 0, "nobody"), recollections=tuple(known))


def _nothing_to_train_on(corpus: str, stage: StageConfig, *, sees: bool) -> ConfigError:
    what, fix = f"the train split of {corpus!r} holds no captions", "Take another corpus."
    if sees:
        what = f"no row of {corpus!r} can be used: the captioner looks at pictures and there are none"
        fix = "Set text_only: true for this stage, or take a corpus with pictures."
    return ConfigError(what, where=f"stage {stage.name}", fix=fix)


def open_corpora(config: TrainConfig) -> list[list[manifest.Corpus]]:
    """The corpora of each stage. Raises `MissingFileError` naming the folder and the command that makes it."""
    return [
        [manifest.open_corpus(mixed.folder(config.data_folder)).limited(config.limit) for mixed in stage.corpora]
        for stage in config.stages
    ]


def train_captions(corpora: Sequence[Sequence[manifest.Corpus]]) -> Iterator[str]:
    """Every train caption of a run once: what a vocabulary is learnt from."""
    distinct = {corpus.folder: corpus for stage in corpora for corpus in stage}
    return (caption for corpus in distinct.values() for row in corpus.rows("train") for caption in row.captions)


def fingerprint(corpora: Sequence[Sequence[manifest.Corpus]]) -> dict[str, str]:
    """A checksum of each corpus's rows, readings and recollections: a run that goes on must find them as they were."""
    prints = {}
    for corpus in (corpus for stage in corpora for corpus in stage):
        beside = [corpus.folder / folder for folder in (readings.FOLDER, memory.FOLDER)]
        files = [*corpus.folder.glob("*/metadata.jsonl"), *(path for one in beside for path in one.glob("*.jsonl"))]
        sums = [f"{path.relative_to(corpus.folder)} {storage.sha256_file(path)}" for path in sorted(files)]
        prints[corpus.name] = storage.sha256_bytes("\n".join(sums).encode())
    return prints
