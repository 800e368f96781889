"""Training memes by the likeness of their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.captioners.vision_language.prompt import Prompt, PromptConfig, fill
from memecap.captioners.vision_language.shots import FewShot, Shot, Store
from memecap.errors import DataError
from memecap.reading.base import Line, Reading

SHOTS = [
    Shot("Когда пришёл понедельник", ("Кот плачет.",)),
    Shot("Купил слона", ("Слон стоит.", "Серый слон.")),
    Shot("", ("Просто лес.",)),
    Shot("когда пришла пятница", ("Пёс рад.",)),
]


def reading(text: str) -> Reading:
    return Reading((Line(text, (0, 0, 1, 1), 0.9),), 9, 9, "test")


def test_the_most_alike_come_first() -> None:
    store = Store(SHOTS)
    assert store.like(reading("КОГДА ПРИШЕЛ ПОНЕДЕЛЬНИК"), 2) == [SHOTS[0], SHOTS[3]]
    assert store.like(reading("когда пришол панедельник"), 1) == [SHOTS[0]]  # misread letters
    assert store.like(reading("слона купил"), 1) == [SHOTS[1]]


def test_a_caption_that_is_learnt_is_not_shown() -> None:
    found = Store(SHOTS).like(reading("Купил слона"), 4, without="Серый слон.")
    assert SHOTS[1] not in found and len(found) == 3


@pytest.mark.parametrize("nothing", [None, reading(""), reading("日本語")])
def test_without_likeness_those_without_text_come_first(nothing: Reading | None) -> None:
    assert Store(SHOTS).like(nothing, 2) == [SHOTS[2], SHOTS[0]]
    assert len(Store(SHOTS).like(nothing, 9)) == 4


def test_it_comes_back_from_disk(tmp_path: Path) -> None:
    Store(SHOTS).save(tmp_path)
    assert Store.from_folder(tmp_path).shots == SHOTS
    (tmp_path / "shots.jsonl").write_text('{"caption": "x"}\n')
    with pytest.raises(DataError, match="not memes"):
        Store.from_folder(tmp_path)


def test_examples_stand_before_the_question() -> None:
    config = PromptConfig(few_shot=FewShot(corpora=(Path("x"),), n_examples=1), prompt="{examples}{reading}Что тут?")
    prompt = Prompt(config, list, "".join)  # a letter a token
    prompt.store = Store(SHOTS)
    asked = prompt(reading("купил слона"))
    assert asked.index("Слон стоит.") < asked.index("купил слона") < asked.index("Что тут?")
    assert "Слон стоит." not in prompt(reading("купил слона"), learnt="Слон стоит.")


def test_a_long_reading_loses_whole_lines() -> None:
    prompt = Prompt(PromptConfig(max_reading_tokens=12, reading_prompt="[{text}]", prompt="{reading}"), list, "".join)
    lines = tuple(Line(text, (0, 0, 1, 1), 0.9) for text in ("раз два", "три", "четыре пять"))
    assert prompt(Reading(lines, 9, 9, "test")) == "[раз два\nтри]"
    assert prompt(reading("слово" * 9)) == "[словословосл]"


def test_values_are_not_filled_in_again() -> None:
    assert fill("{a}{b}{c}", a="{b}", b="x") == "{b}x{c}"
