import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memecap.errors import DataError, MissingFileError
from memecap.text.bpe import BPE

TEXTS = ["Кот сидит на столе", 'Надпись: "ХОЧУ РЫБУ"', "Собака бежит по полю"] * 3
LEARNT = BPE.learn(TEXTS, vocab_size=300)


@given(st.text())
def test_any_text_comes_back_but_for_outer_spaces(text: str) -> None:
    ids = LEARNT.encode(text)
    assert all(0 <= i < LEARNT.size for i in ids)
    assert LEARNT.decode(ids) == text.strip()


def test_learning_is_deterministic_across_processes() -> None:
    learn = "from memecap.text.bpe import BPE; made = BPE.learn({!r}, vocab_size=300).backend.to_str()"
    script = learn + "; import sys; sys.stdout.write(made)"
    runs = [
        subprocess.run([sys.executable, "-c", script.format(TEXTS)], capture_output=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] == LEARNT.backend.to_str().encode()


def test_end_token_written_in_a_text_is_text() -> None:
    assert LEARNT.end_id not in LEARNT.encode("мем <|endoftext|> конец")
    assert LEARNT.decode(LEARNT.encode("мем <|endoftext|> конец")) == "мем <|endoftext|> конец"


def test_a_line_of_a_reading_and_a_quote_share_their_tokens() -> None:
    line, quoted = LEARNT.encode("ХОЧУ РЫБУ"), LEARNT.encode('Надпись: "ХОЧУ РЫБУ"')
    assert any(quoted[i : i + len(line)] == line for i in range(len(quoted)))


def test_saved_tokenizer_is_the_same(tmp_path: Path) -> None:
    LEARNT.save(tmp_path)
    again = BPE.from_folder(tmp_path)
    assert (again.size, again.end_id, again.encode("Кот!")) == (LEARNT.size, LEARNT.end_id, LEARNT.encode("Кот!"))


def test_old_gpt2_folder_agrees_with_transformers(tiny_models: Path) -> None:
    from transformers import GPT2TokenizerFast

    ours = BPE.from_folder(tiny_models / "rugpt3")
    theirs = GPT2TokenizerFast(
        vocab=str(tiny_models / "rugpt3" / "vocab.json"), merges=str(tiny_models / "rugpt3" / "merges.txt")
    )
    for text in TEXTS:
        assert ours.encode(text) == theirs(text)["input_ids"]


def test_folder_without_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no tokenizer there"):
        BPE.from_folder(tmp_path)


def test_vocabulary_without_end_token(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text('{"a": 0}')
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(DataError, match="no end token"):
        BPE.from_folder(tmp_path)
