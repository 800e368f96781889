from pathlib import Path

import pytest
import torch

from memecap.errors import DataError, MissingFileError
from memecap.text import navec as _navec
from memecap.text.words import UNKNOWN_ID, Words


@pytest.mark.parametrize(
    "text",
    [
        'На первом кадре кот. Надпись сверху: "хочу рыбу!" И всё.',
        "Твит: «ну что ж, (да) так». Конец…",
        "Что?! Где? Когда!",
        "Кое-что, 50% скидка; два слова: раз и два",
    ],
)
def test_a_text_of_known_words_comes_back(text: str) -> None:
    words = Words.learn([text])
    assert words.decode(words.encode(text)) == text


def test_rare_words_are_left_out_and_never_written() -> None:
    words = Words.learn(["кот спит", "кот ест"], min_count=2)
    assert words.encode("кот спит") == [2, UNKNOWN_ID]
    assert words.decode([2, UNKNOWN_ID, words.end_id]) == "Кот"


def test_saved_vocabulary_is_the_same(tmp_path: Path) -> None:
    words = Words.learn(["кот спит", "кот ест"])
    words.save(tmp_path)
    assert Words.from_folder(tmp_path).words == words.words
    (tmp_path / "words.json").write_text("[1]")
    with pytest.raises(DataError, match="not a vocabulary"):
        Words.from_folder(tmp_path)


def test_vectors_are_navecs_own() -> None:
    navec = pytest.importorskip("navec")
    theirs = navec.Navec.load(str(_navec.bundled()))
    words = ["кот", "спит", "абвгдежз", "<unk>"]
    table, known = _navec.vectors(words)
    assert known.tolist() == [True, True, False, True]
    for word, row in zip(words[:2], table, strict=False):
        assert torch.equal(row, torch.from_numpy(theirs[word]))
    assert torch.equal(table[2], torch.from_numpy(theirs["<unk>"]))


def test_bad_navec_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        _navec.vectors(["кот"], tmp_path / "navec.tar")
    (tmp_path / "navec.tar").write_bytes(b"no")
    with pytest.raises(DataError, match="not a navec file"):
        _navec.vectors(["кот"], tmp_path / "navec.tar")


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["Вот Москва.", "Это Москва.", "Вот москва."], "Вот Москва."),
        (["Кот спит. Кот ест.", "Кот и кот."], "Вот кот."),  # a capital at the start of a sentence tells nothing
        (['Надпись: "Хочу США".', 'Надпись: "США".'], 'Надпись: "США".'),
        (['Надпись: "Хочу кот".', "хочу кот"], "Я хочу."),
    ],
)
def test_words_keep_the_capitals_they_mostly_have(texts: list[str], written: str) -> None:
    words = Words.learn([*texts, "вот я: надпись"])
    assert words.decode(words.encode(written.lower())) == written


def test_marks_are_ids_that_no_text_gives() -> None:
    words = Words.learn(["кот <line0>"], marks=["<line0>"])
    mark = words.mark_id("<line0>")
    assert mark not in words.encode("кот <line0>")
    assert words.decode([mark, *words.encode("кот")]) == "Кот"
