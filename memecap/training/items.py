"""Corpora on disk, with the readings beside them → `Item`, a row as a stage sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from memecap.captioners.base import TrainableCaptioner
from memecap.core import manifest, storage
from memecap.core.progress import track
from memecap.errors import ConfigError, DataError
from memecap.reading.base import Reading
from memecap.reading.stored import readings
from memecap.training import sampling
from memecap.training.augmentation import is_photograph
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.sight import ImageInputs


@dataclass(frozen=True, slots=True)
class Item:
    """A row as a stage sees it."""

    image_id: str
    captions: tuple[str, ...]
    picture: Path | None
    reading: Reading | None
    photograph: bool = False  # read, and known to have no text on it


def open_corpora(config: TrainConfig, stage: StageConfig) -> list[manifest.Corpus]:
    """The stage's corpora. Raises `MissingFileError` naming the folder and the command that makes it."""
    return [manifest.open_corpus(mixed.folder(config.data_folder)) for mixed in stage.corpora]


def load_items(
    corpora: Sequence[manifest.Corpus], stage: StageConfig, split: str, sight: ImageInputs | None
) -> list[list[Item]]:
    """The usable rows of a split, by corpus: with a caption, and with a picture where the captioner looks at one.

    Raises:
        DataError: readings are demanded and a row has none.
    """
    return [_corpus_items(corpus, stage, split, sight) for corpus in corpora]


def _corpus_items(corpus: manifest.Corpus, stage: StageConfig, split: str, sight: ImageInputs | None) -> list[Item]:
    stored = readings.load_readings(corpus.folder)
    told = {} if stage.readings is False else stored
    items = [
        Item(
            row.image_id,
            row.captions,
            corpus.image_path(row),
            told.get(row.image_id),
            is_photograph(row.captions, stored.get(row.image_id)),
        )
        for row in corpus.rows(split)
        if row.captions and (sight is None or sight.has(row))
    ]
    unread = sum(item.reading is None for item in items)
    if stage.readings and unread and not stage.simulate_reading:
        raise DataError(
            f"{unread} of {len(items)} rows of {split} have no stored reading, and stage {stage.name} demands them",
            where=corpus.folder,
            fix=f"Run `memecap read {corpus.folder}`, or set simulate_reading: true, or readings: null.",
        )
    return items


def require_examples(items: Sequence[Sequence[Item]], stage: StageConfig, sight: ImageInputs | None) -> None:
    """Raises `ConfigError` when one of the stage's corpora has nothing to train on."""
    for mixed, found in zip(stage.corpora, items, strict=True):
        if not found:
            raise ConfigError(
                f"no row of {mixed.name!r} can be used: the captioner looks at pictures and there are none"
                if sight
                else f"the train split of {mixed.name!r} holds no captions",
                where=f"stage {stage.name}",
                fix="Set text_only: true for this stage, or take a corpus with pictures."
                if sight
                else "Take another corpus.",
            )


def train_captions(corpora: Sequence[Sequence[manifest.Corpus]]) -> Iterator[str]:
    """Every train caption of a run once: what a vocabulary is learnt from."""
    distinct = {corpus.folder: corpus for stage in corpora for corpus in stage}
    return (caption for corpus in distinct.values() for row in corpus.rows("train") for caption in row.captions)


def fingerprint(corpora: Sequence[Sequence[manifest.Corpus]]) -> dict[str, str]:
    """A checksum of each corpus's rows and readings: a run that goes on must find them as they were."""
    prints = {}
    for corpus in (corpus for stage in corpora for corpus in stage):
        files = [*corpus.folder.glob("*/metadata.jsonl"), *(corpus.folder / readings.FOLDER).glob("*.jsonl")]
        sums = [f"{path.relative_to(corpus.folder)} {storage.sha256_file(path)}" for path in sorted(files)]
        prints[corpus.name] = storage.sha256_bytes("\n".join(sums).encode())
    return prints


def lengths(captioner: TrainableCaptioner, items: Sequence[Sequence[Item]]) -> sampling.Lengths:
    """Tokens of each caption with its reading, so that examples of like length can be put together."""

    def length(caption: str, reading: Reading | None) -> int:
        example = captioner.example(caption, reading=reading)
        return len(example.token_ids) + len(example.prompt_ids)

    return [
        [[length(caption, item.reading) for caption in item.captions] for item in track(found, "measuring captions")]
        for found in items
    ]
