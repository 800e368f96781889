"""Datasets: what a stage is trained and measured on, from the corpora on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from accelerate import Accelerator

from memecap.captioners.base import TrainableCaptioner
from memecap.core.manifest import Corpus
from memecap.training import items, sampling
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.data import Examples
from memecap.training.sight import open_image_inputs


@dataclass(frozen=True, slots=True)
class Datasets:
    """The train items stand in the order of the corpora, as `lengths` does; the val items are in a random order."""

    train: Examples
    lengths: sampling.Lengths
    val: Examples


def gather(
    captioner: TrainableCaptioner,
    corpora: Sequence[Corpus],
    stage: StageConfig,
    config: TrainConfig,
    accelerator: Accelerator,
) -> Datasets:
    """Read a stage's corpora; features that are missing are computed first.

    Raises:
        ConfigError: a corpus has nothing to train on, or pictures are to be augmented and none is looked at.
        DataError: readings are demanded and a row has none.
    """
    sight = open_image_inputs(captioner, corpora, stage, accelerator)
    train = items.load_items(corpora, stage, "train", sight)
    items.require_examples(train, stage, sight)
    val = [item for found in items.load_items(corpora, stage, "val", sight) for item in found]
    order = np.random.default_rng(config.seed).permutation(len(val))[: config.val_rows]
    return Datasets(
        train=Examples(
            captioner,
            [item for found in train for item in found],
            sight,
            simulate=stage.simulate_reading,
            augmented=stage.augment,
            rotation_degrees=stage.rotation_degrees,
            label_smoothing=stage.label_smoothing,
            line_dropout=stage.line_dropout,
        ),
        lengths=items.lengths(captioner, train),
        val=Examples(captioner, [val[i] for i in order], sight, simulate=stage.simulate_reading),
    )
