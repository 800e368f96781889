"""Datasets: what a stage asks for reaches its examples, which are those of the captioner, encoded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator

from memecap.captioners.base import TrainableCaptioner
from memecap.core import manifest, storage
from memecap.core.config import validate
from memecap.errors import DataError
from memecap.memory.recollection import Recollection
from memecap.memory.stored import recollections_path
from memecap.modeling.batch import Example
from memecap.reading.base import Line, Reading
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.datasets import Dataset, Item, open_corpora, open_datasets
from memecap.training.initialize import initialize

Settings = Callable[..., TrainConfig]

LINES = tuple(Line(f"строка {i}", (0, 20 * i, 90, 20 * i + 15), 0.9) for i in range(40))
ITEM = Item("a", ("подпись", "другая"), None, Reading(LINES, 100, 800, "test"))


def toy(texts: Sequence[str]) -> Any:
    from toys.captioner import Toy

    return Toy.from_texts(Toy.Config(), texts)


def dataset(*items: Item, train: bool = True, **settings: Any) -> Dataset:
    values = {"name": "s", "corpora": ["a"], "epochs": 1, "lr": 0.01} | settings
    stage = validate(StageConfig, values, where="test")
    return Dataset(toy([caption for item in items for caption in item.captions]), [items], None, stage, train=train)


def with_reading(reading: Reading | None) -> Item:
    return Item(ITEM.image_id, ITEM.captions, None, reading)


def test_lines_are_lost_by_chance_and_the_same_ones_for_a_seed() -> None:
    shown = dataset(ITEM, line_dropout=0.25)
    first, again, other = (shown.reading(0, 0, seed) for seed in ("1/2", "1/2", "1/3"))
    assert first == again != other
    assert first is not None and 20 < len(first.lines) < 38
    assert [line for line in LINES if line in first.lines] == list(first.lines)


def test_a_reading_is_never_lost_whole_and_nothing_is_lost_unasked() -> None:
    one = with_reading(Reading(LINES[:1], 100, 800, "test"))
    shown = dataset(one, line_dropout=0.99)
    assert all(shown.reading(0, 0, str(i)) is one.reading for i in range(20))
    assert dataset(ITEM).reading(0, 0, "1") is ITEM.reading
    assert dataset(ITEM, train=False, line_dropout=0.5).reading(0, 0, "1") is ITEM.reading  # validation is whole
    assert dataset(with_reading(None), line_dropout=0.5).reading(0, 0, "1") is None


def test_a_reading_is_simulated_where_none_is_stored_and_that_is_asked() -> None:
    quoting = Item("a", ('кот говорит "где моя еда"',), None, None)
    simulated = dataset(quoting, simulate_reading=True).reading(0, 0, "3")
    assert simulated is not None and simulated.reader == "simulated"
    assert dataset(quoting).reading(0, 0, "3") is None


def test_examples_are_the_captioners(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the stored reading from ids that were kept, with another one anew."""
    found = dataset(ITEM, with_reading(None))
    encoded: list[str] = []
    make = found.captioner.example

    def counted(caption: str, **told: Any) -> Example:
        encoded.append(caption)
        return make(caption, **told)

    monkeypatch.setattr(found.captioner, "example", counted)
    for item, reading in ((0, ITEM.reading), (1, None)):
        for caption, text in enumerate(ITEM.captions):
            assert found.example(item, caption, reading=reading) == make(text, reading=reading)
    assert encoded == []
    assert found.example(1, 1, reading=ITEM.reading) == make("другая", reading=ITEM.reading)
    assert encoded == ["другая"]


def test_a_prompt_of_the_picture_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    found = dataset(ITEM)
    monkeypatch.setattr(type(found.captioner), "prompts_by_picture", True)
    made = Example([1], torch.zeros(1, 8), [2])
    monkeypatch.setattr(found.captioner, "example", lambda caption, **told: made)
    assert found.example(0, 0, image=made.image, reading=ITEM.reading) is made
    assert found.example(0, 0, reading=ITEM.reading) is not made  # without a picture there is nothing to decide


def test_captions_that_are_cut_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from toys.captioner import Toy

    def cut(self: Toy, caption: str, **_: Any) -> Example:
        return Example([*self.tokenizer.encode(caption), self.tokenizer.end_id][:7], prompt_ids=[0])

    assert dataset(ITEM, ITEM).n_cut == 0
    monkeypatch.setattr(Toy, "example", cut)
    assert dataset(ITEM, ITEM).n_cut == 2  # «подпись» has seven letters, «другая» six


def opened(settings: Settings, **stage: Any) -> tuple[TrainableCaptioner, Dataset, Dataset]:
    stage = {"name": "read", "corpora": ["second"], "epochs": 1, "lr": 0.01} | stage
    config = settings(stages=[stage])
    corpora = open_corpora(config)
    captioner = initialize(config, corpora)
    return captioner, *open_datasets(captioner, corpora[0], config.stages[0], config, Accelerator())


def test_lengths_count_the_tokens_of_caption_and_reading(settings: Settings) -> None:
    for readings in (True, False):
        captioner, train, val = opened(settings, readings=readings)
        examples = [captioner.example(item.captions[0], reading=item.reading) for item in train.items]
        expected = [len(example.token_ids) + len(example.prompt_ids) for example in examples]
        assert [length for found in train.lengths for (length,) in found] == expected
        assert len(val.items) == 4


def test_lengths_stand_by_corpus_and_item(settings: Settings, data_folder: Path) -> None:
    _, train, _ = opened(settings, corpora=["first", "second"])
    assert [len(found) for found in train.lengths] == [20, 20]
    assert {len(captions) for captions in train.lengths[0]} == {2}
    assert {len(captions) for captions in train.lengths[1]} == {1}


def known(caption: str, **changes: Any) -> Recollection:
    values = {"image_id": "b", "group_id": "b", "corpus": "second", "split": "train", "captions": (caption,)}
    place = {"lines": (), "box": (0, 0, 9, 9), "covered": 0.9, "inliers": 40, "confidence": 0.95}
    return Recollection(**{**values, **place, "transform": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), **changes})


def test_what_is_remembered_is_hidden_by_chance_in_training_alone() -> None:
    told = with_reading(Reading(LINES, 100, 800, "test", (known("кот"),)))
    shown = dataset(told, recollections=True, recollection_dropout=0.3)
    hidden = sum(not shown.reading(0, 0, str(i)).recollections for i in range(300))  # type: ignore[union-attr]
    assert 60 < hidden < 120
    assert dataset(told, train=False, recollections=True, recollection_dropout=0.9).reading(0, 0, "1") is told.reading
    assert dataset(told, recollections=True).reading(0, 0, "1") is told.reading


def test_recollections_are_simulated_where_there_are_none() -> None:
    """Mostly what another says of the same picture, surely known; seldom a stranger's words, hardly known."""
    stranger = Item("z", ("чужое",), None, None)
    shown = dataset(with_reading(None), stranger, simulate_recollection=0.5)
    found = [shown.reading(0, 0, str(i)) for i in range(400)]
    known_of = [one.recollections[0] for one in found if one is not None]
    assert 160 < len(known_of) < 240
    said = Counter((one.captions[0], one.confidence >= 0.6) for one in known_of)
    assert said["другая", True] > 0.7 * len(known_of) and said["чужое", False] > 0
    assert ("подпись", True) not in said and ("чужое", True) not in said
    assert shown.reading(0, 0, "5") == shown.reading(0, 0, "5")
    assert dataset(with_reading(None), train=False, simulate_recollection=1.0).reading(0, 0, "1") is None


def store(folder: Path, found: dict[str, Recollection]) -> None:
    records = ({"image_id": key, "recollections": [one.to_json()]} for key, one in found.items())
    storage.write_jsonl(recollections_path(folder, "toy"), records)


def test_stored_recollections_reach_the_items_and_never_their_own(settings: Settings, pictured: Path) -> None:
    rows = {split: list(manifest.open_corpus(pictured).rows(split)) for split in ("train", "val")}
    first, other = rows["train"][0], rows["train"][1]
    seen = known("тут", image_id=other.image_id, group_id=other.group_id)
    with pytest.raises(DataError, match="no stored recollections"):
        opened(settings, recollections=True, text_only=True)
    store(pictured, {first.image_id: seen, rows["val"][0].image_id: seen})
    _, train, val = opened(settings, readings=True, recollections=True, text_only=True)
    told = {item.image_id: item.reading.recollections for item in [*train.items, *val.items] if item.reading}
    assert {image_id for image_id, found in told.items() if found} == {first.image_id, rows["val"][0].image_id}
    _, train, _ = opened(settings, readings=False, recollections=True, text_only=True)
    assert [item.reading is not None for item in train.items].count(True) == 1  # known, though its text is hidden
    _, train, _ = opened(settings, readings=True, text_only=True)
    assert not any(item.reading.recollections for item in train.items if item.reading)
    store(pictured, {other.image_id: seen})
    with pytest.raises(DataError, match="remembers itself"):
        opened(settings, recollections=True, text_only=True)
