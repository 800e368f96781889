"""Ways to look good without describing: each is told, in the records, on stderr and in the table."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from memecap.core import storage
from memecap.scoring import compare, guards
from memecap.scoring.compare import CAPTIONER, FLOOR, System
from memecap.scoring.predictions import Prediction

WHO = ["кот", "пёс", "енот", "мужчина", "ребёнок", "дракон", "робот", "повар", "рыцарь", "студент", "сыщик", "моряк"]
READ = [f"когда {who} наконец понял что такое понедельник" for who in WHO]
HUMAN = [
    f'подпись сверху: "{read}". ниже {who} стоит у окна и смотрит вдаль.' for who, read in zip(WHO, READ, strict=True)
]
MACHINE = [f'надпись: "{read}". на фото {who} рядом с окном.' for who, read in zip(WHO, READ, strict=True)]

TRICKS = {
    "a reading quoted ten times": ([f'{m} "{r}"' + f' и "{r}"' * 9 for m, r in zip(MACHINE, READ, strict=True)],
                                   {"length", "loops"}),
    "a doubled caption": ([f"{m} {m}" for m in MACHINE], {"length", "loops"}),
    "everything in quotes": ([f'"{m.replace(chr(34), "")}"' for m in MACHINE], {"only_quotes"}),
    "the references themselves": ([human.upper() for human in HUMAN], {"equal"}),
    "all captions the same": ([MACHINE[0]] * len(MACHINE), {"same"}),
    "two words for all": (["кот стоит"] * len(MACHINE), {"same", "length"}),
    "nothing but the quotes' words": ([f"«{r}»" for r in READ], {"only_quotes", "length"}),
    "honest captions": (MACHINE, set()),
}  # fmt: skip


def system(captions, kind=CAPTIONER):
    rows = zip(captions, HUMAN, strict=True)
    return System("наша", kind, [Prediction(str(i), caption, (human,)) for i, (caption, human) in enumerate(rows)])


@pytest.mark.parametrize("preset", ["ru-words", "coco"])
@pytest.mark.parametrize("trick", TRICKS)
def test_each_trick_is_told(trick, preset, capsys):
    captions, signs = TRICKS[trick]
    (record,) = compare.rank([system(captions)], preset, resamples=100)
    assert {sign["kind"] for sign in record.get("warnings", ())} == signs
    told = capsys.readouterr().err
    assert told.count("warning: наша") == len(signs)


def test_copies_of_training_captions_are_told():
    (record,) = compare.rank([system(MACHINE)], resamples=100, training=MACHINE[:6])
    assert record["scores"]["copied_from_training"] == 0.5
    assert [sign["kind"] for sign in record["warnings"]] == ["copies"]


def test_every_sign_has_a_russian_name_in_the_report():
    from memecap.report.words import words

    assert words()["signs"].keys() == guards.KINDS


def test_floors_are_what_they_are():
    records = compare.rank([system(MACHINE), system([MACHINE[0]] * len(MACHINE), FLOOR)], resamples=100)
    assert "warnings" not in records[1]
    assert records[1]["scores"]["unique_captions"] == pytest.approx(1 / len(MACHINE))


@pytest.mark.parametrize("human", [["кот"] * 12, ["да да да да да да да да"] * 12, ["«мем»"] * 12])
def test_what_people_do_as_often_is_no_sign(human):
    other = [text.replace("кот", "пёс").replace("мем", "текст").replace("да да", "да нет") for text in human]
    rows = [Prediction(str(i), caption, (text,)) for i, (caption, text) in enumerate(zip(other, human, strict=True))]
    (record,) = compare.rank([System("наша", CAPTIONER, rows)], resamples=100)
    assert "warnings" not in record


def test_the_command_shows_guards_and_warnings_by_default(tmp_path):
    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    path = tmp_path / "наша.jsonl"
    storage.write_jsonl(path, [row.to_json() for row in system(TRICKS["a doubled caption"][0]).rows])
    found = CliRunner().invoke(app, ["score", str(path), "--resamples", "100"])
    header = found.stdout.splitlines()[0].split()
    assert {"chrf2", "length_ratio", "repeated_4grams", "unique_captions"} <= set(header)
    assert "warning: наша" in found.stdout
    assert "warning: наша" in found.stderr
    found = CliRunner().invoke(app, ["score", str(path), "--resamples", "100", "--json"])
    assert {sign["kind"] for sign in json.loads(found.stdout)[0]["warnings"]} == {"length", "loops"}
    assert "times as long" in found.stderr
