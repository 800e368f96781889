"""How the recogniser of lines is made: painting and learning depend on the seed alone, labels come out right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
pytest.importorskip("torch")
pytest.importorskip("fontTools")
matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture(scope="module", autouse=True)
def _scripts() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "scripts"))
    yield
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory, _scripts: None) -> Path:
    """Two small shards of painted lines."""
    from recogniser import shards

    folder, painter = tmp_path_factory.mktemp("painted"), _painter()
    for number in range(2):
        places = range(number * 30, number * 30 + 30)
        shards.write(folder / f"{number:04d}", [painter.paint(place) for place in places])
    return folder


@cache
def _fonts():  # type: ignore[no-untyped-def]
    from recogniser.fonts import Fonts

    return Fonts.find([Path(matplotlib.get_data_path()) / "fonts" / "ttf"])


def _painter(seed: int = 5):  # type: ignore[no-untyped-def]
    from recogniser.painting import Painter
    from recogniser.texts import Sources

    words = [["кот", "спит,"], ["Я", "когда", "понедельник"], ["да"]]
    picture = np.random.default_rng(0).integers(0, 256, (80, 90), np.uint8)
    return Painter(Sources(words, words, words, [["when", "cats"]]), _fonts(), [picture], seed)


def test_a_line_hangs_on_its_number_and_seed_alone() -> None:
    forwards, backwards = _painter(), _painter()
    first = [forwards.paint(number) for number in range(12)]
    second = [backwards.paint(number) for number in reversed(range(12))][::-1]
    for (line, text), (again, same) in zip(first, second, strict=True):
        assert text == same
        assert np.array_equal(line, again)
        assert line.shape[0] == 32
        assert line.dtype == np.uint8
    other = _painter(6)
    assert any(not np.array_equal(line, other.paint(number)[0]) for number, (line, _) in enumerate(first))


def test_shards_give_back_what_was_written(tmp_path: Path) -> None:
    from recogniser import shards

    painter = _painter()
    lines = [painter.paint(number) for number in range(5)]
    shards.write(tmp_path / "one", iter(lines))
    shard = shards.read(tmp_path / "one.json")
    assert shard.texts == [text for _, text in lines]
    assert all(np.array_equal(shard.line(place), line) for place, (line, _) in enumerate(lines))
    assert shard.widths().tolist() == [line.shape[1] for line, _ in lines]


def _losses(painted: Path, steps: int, folder: Path | None = None, resumed: int | None = None) -> list[float]:
    """The losses of a short stage; saved after `resumed` steps and gone on with by another learner."""
    from recogniser.learning import Learner, Plan
    from recogniser.stock import Stock

    plan = Plan(seed=3, lines=100_000, warm=400, cool=1_000)
    learner, stock = Learner(plan), Stock(sorted(painted.glob("*.json")))
    losses = []
    for step in range(steps):
        if folder is not None and step == resumed:
            learner.save(folder / "state.pt")
            learner = Learner(plan)
            learner.resume(folder / "state.pt")
        losses.append(learner.learn(stock.draw(plan.seed, learner.step)))
    return losses


def test_the_same_seed_gives_the_same_losses_even_resumed(painted: Path, tmp_path: Path) -> None:
    assert _losses(painted, 3, tmp_path, resumed=1) == _losses(painted, 3)


@pytest.mark.slow
def test_a_short_stage_learns_and_repeats(painted: Path, tmp_path: Path) -> None:
    whole = _losses(painted, 80)
    assert np.mean(whole[-10:]) < np.mean(whole[:10]) / 1.5
    assert _losses(painted, 80, tmp_path, resumed=33) == whole


@pytest.mark.parametrize(
    ("read", "description", "said"),
    [
        ("КОГДА УВИДЕЛ КОТА", 'подпись: "когда увидел кота"', "КОГДА УВИДЕЛ КОТА"),
        ("КОГДА УВИДЕЯ КОТА", 'подпись: "когда увидел кота"', "КОГДА УВИДЕЛ КОТА"),
        ("Ещё один дeнь!", "он говорит: еще один день", "Ещё один день!"),
        ("не то, что надо", "кот лежит на столе и спит", None),
        ("|,", "кот", None),
        ("кит", "на столе кот", None),
    ],
)
def test_letters_come_from_the_description_and_capitals_from_the_picture(
    read: str, description: str, said: str | None
) -> None:
    from recogniser.agreement import agreed

    assert agreed(read, description) == said


def test_the_alphabet_goes_to_classes_and_back() -> None:
    from recogniser.alphabet import ALPHABET, classes, text_of, written

    assert len(set(ALPHABET)) == len(ALPHABET)
    assert text_of(classes(ALPHABET)) == ALPHABET
    assert written("“Да”…\u00a0 😀нет – x") == '"Да"... нет — x'


def test_repeats_are_joined_and_blanks_dropped() -> None:
    import torch
    from recogniser.alphabet import classes
    from recogniser.learning import greedy

    letter, other = classes("ан")
    assert greedy(torch.tensor([0, letter, letter, 0, other, 0, other, letter, 0])) == "анна"


@pytest.mark.parametrize(
    ("first", "second", "edits"), [("", "", 0), ("кот", "", 3), ("кот", "кит", 1), ("аб", "ба", 2)]
)
def test_edits_are_counted(first: str, second: str, edits: int) -> None:
    from recogniser.learning import distance

    assert distance(first, second) == distance(second, first) == edits
