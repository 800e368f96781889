from pathlib import Path

import pytest
from tiny_models import yttm

import memecap
from memecap.errors import DataError, MissingFileError
from memecap.text.yttm import YttmBPE, YttmTokenizer


def test_earlier_rules_go_first_and_leftmost_places_first() -> None:
    tokenizer = yttm()
    names = {i: letter for letter, i in tokenizer.characters.items()}
    for left, right, new in tokenizer.rules:
        names[new] = names[left] + names[right]
    assert [names[i] for i in tokenizer.encode("кот шкот")] == ["▁кот", "▁", "ш", "кот"]


def test_a_run_of_unknown_characters_is_one_id() -> None:
    tokenizer = yttm()
    assert tokenizer.encode("кXYт").count(tokenizer.unknown_id) == 1
    assert tokenizer.encode("XкX").count(tokenizer.unknown_id) == 2


#: texts and what youtokentome 1.0.6 makes of them with the demo's bpe.model
WRITTEN_BY_YOUTOKENTOME = [
    ("кот\tи пёс", [313, 49, 28, 52, 48, 37]),
    ("кот\nи пёс", [313, 49, 28, 52, 48, 37]),
    ("кот\r\nи\x0bпёс\x0c", [313, 49, 28, 52, 48, 37]),
    ("\tкот ", [313]),
    ("▁кот▁▁пёс", [313, 52, 48, 37]),
    ("кот\xa0пёс", [313, 1, 35, 48, 37]),
    ("кот\u2003пёс", [313, 1, 35, 48, 37]),
    ("кот\x85пёс\x1fкот", [313, 1, 35, 48, 37, 1, 116, 38]),
]


@pytest.mark.parametrize(("text", "ids"), WRITTEN_BY_YOUTOKENTOME)
def test_the_spaces_of_ascii_part_words_and_no_others_do(text: str, ids: list[int]) -> None:
    model = Path(memecap.__file__).parent / "demo" / "assets" / "ruclip" / "bpe.model"
    assert YttmBPE.read(model).encode(text) == ids


def test_frame_lowers_cuts_and_pads() -> None:
    tokenizer = yttm()
    assert tokenizer.frame(["КОТ"], 6) == [[2, *tokenizer.encode("кот"), 3, 0, 0, 0]]
    (row,) = tokenizer.frame(["абвгд" * 9], 6)
    assert len(row) == 6
    assert row[-1] == 3


def test_file_comes_back(tmp_path: Path) -> None:
    yttm().write(tmp_path / "bpe.model")
    assert YttmBPE.read(tmp_path / "bpe.model") == yttm()


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        YttmBPE.read(tmp_path / "bpe.model")
    (tmp_path / "bpe.model").write_text("3 1\n1071 4\n")
    with pytest.raises(DataError, match="not a YouTokenToMe model"):
        YttmBPE.read(tmp_path / "bpe.model")


def test_agrees_with_youtokentome(tmp_path: Path) -> None:
    youtokentome = pytest.importorskip("youtokentome", reason="youtokentome is not installed")
    text = "кот и пёс бежали по полю, кот сказал: хочу рыбу! пёс молчал и смотрел на кота\n" * 20
    (tmp_path / "text.txt").write_text(text)
    theirs = youtokentome.BPE.train(
        data=str(tmp_path / "text.txt"), vocab_size=90, model=str(tmp_path / "bpe.model"), n_threads=1
    )
    ours = YttmBPE.read(tmp_path / "bpe.model")
    for sentence in ("кот хочу рыбу", "котопёс бежал", "zкотzz и", "  рыбу▁кот  ", "кот\tи\nпёс\r\x0b\x0cи\xa0кот"):
        assert ours.encode(sentence) == theirs.encode([sentence])[0]


def test_what_was_encoded_comes_back(tmp_path: Path) -> None:
    tokenizer = YttmTokenizer(yttm())
    assert tokenizer.decode([2, *tokenizer.encode("Кот  шкот\nОКОТ"), 3, 0]) == "кот шкот окот"
    assert tokenizer.decode(tokenizer.encode("кот1кот")) == "коткот"  # an unknown letter is lost
    assert tokenizer.decode([]) == ""
    tokenizer.save(tmp_path)
    assert YttmTokenizer.from_folder(tmp_path) == tokenizer
