"""Datasets: what a stage asks for reaches its examples, and examples are measured as the captioner will see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from accelerate import Accelerator

from memecap.training import beginning, items
from memecap.training.config import TrainConfig
from memecap.training.material import Datasets, gather

Settings = Callable[..., TrainConfig]


def gathered(settings: Settings, **stage: Any) -> Datasets:
    stage = {"name": "read", "corpora": ["second"], "epochs": 1, "lr": 0.01} | stage
    config = settings(stages=[stage])
    corpora = items.open_corpora(config, config.stages[0])
    captioner = beginning.begin(config, [corpora])
    return gather(captioner, corpora, config.stages[0], config, Accelerator())


@pytest.mark.parametrize(
    ("setting", "value", "attribute"),
    [
        ("line_dropout", 0.4, "line_dropout"),
        ("label_smoothing", 0.1, "label_smoothing"),
        ("simulate_reading", True, "simulate"),
    ],
)
def test_a_setting_of_the_stage_reaches_its_examples(
    settings: Settings, setting: str, value: object, attribute: str
) -> None:
    assert getattr(gathered(settings, **{setting: value}).train, attribute) == value
    assert not getattr(gathered(settings).train, attribute)


def test_validation_examples_are_whole(settings: Settings) -> None:
    val = gathered(settings, line_dropout=0.4, label_smoothing=0.1).val
    assert val.line_dropout == 0 and val.label_smoothing == 0


def test_lengths_count_the_tokens_of_caption_and_reading(settings: Settings) -> None:
    for readings in (True, False):
        material = gathered(settings, readings=readings)
        examples = [material.train.make(i, 0, "seed") for i in range(len(material.train.items))]
        expected = [len(example.token_ids) + len(example.prompt_ids) for example in examples]
        assert [length for found in material.lengths for (length,) in found] == expected
