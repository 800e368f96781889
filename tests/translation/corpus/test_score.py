"""Scores are sacrebleu's; samples are even; references find their sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import sacrebleu

from memecap.core import manifest
from memecap.core.manifest import Row
from memecap.errors import DataError, MissingFileError
from memecap.translation.base import Translator
from memecap.translation.corpus.score import referenced, sample, score, sentences

SOURCES = ["a cat sleeps", "a dog runs on the grass", "two fish in the sea"]
OURS = ["кот спит", "собака бежит по зелёной траве", "две рыбы в море"]
THEIRS = ["кошка спит", "собака бежит по траве", "две рыбы в море"]


class Known(Translator):
    @property
    def version(self) -> str:
        return "known"

    def translate(self, sentences: Sequence[str]) -> list[str]:
        known = dict(zip(SOURCES, OURS, strict=True))
        return [known.get(sentence, "") for sentence in sentences]


def test_scores_equal_sacrebleu() -> None:
    pairs = [(source, [reference]) for source, reference in zip(SOURCES, THEIRS, strict=True)]
    ours = score(pairs, Known())
    assert ours.bleu == pytest.approx(sacrebleu.corpus_bleu(OURS, [THEIRS]).score)
    assert ours.chrf2 == pytest.approx(sacrebleu.corpus_chrf(OURS, [THEIRS]).score)
    assert (ours.n, ours.rejected) == (3, 0)
    assert "tok:13a" in ours.signatures["bleu"]


def test_sentences_may_have_unequal_numbers_of_references() -> None:
    pairs = [(SOURCES[0], [THEIRS[0], OURS[0]]), (SOURCES[1], [OURS[1]]), ("unknown", ["?"])]
    ours = score(pairs, Known())
    assert ours.rejected == 1
    assert score(pairs[:2], Known()).bleu == pytest.approx(100)


def test_text_files_go_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("\n".join(SOURCES), encoding="utf-8")
    (tmp_path / "ru.txt").write_text("\n".join(THEIRS) + "\n", encoding="utf-8")
    assert referenced(tmp_path / "en.txt", tmp_path / "ru.txt")[1] == (SOURCES[1], [THEIRS[1]])
    (tmp_path / "short.txt").write_text("один", encoding="utf-8")
    with pytest.raises(DataError, match="3 sentences, but 1 references"):
        referenced(tmp_path / "en.txt", tmp_path / "short.txt")
    with pytest.raises(MissingFileError):
        referenced(tmp_path / "en.txt", tmp_path / "nothing.txt")
    with pytest.raises(DataError, match="no sentence"):
        score([], Known())


def _corpus(folder: Path, captions: dict[str, tuple[str, ...]], language: str) -> Path:
    rows = [
        Row(captions=texts, image_id=i, group_id=i, corpus="c", split="train", language=language)
        for i, texts in captions.items()
    ]
    manifest.finish(folder, "c", manifest.write_rows(folder, rows))
    return folder


def test_corpora_are_joined_by_picture(tmp_path: Path) -> None:
    english = _corpus(tmp_path / "en", {"1": ("a cat", "the cat"), "2": ("a dog",), "3": ("a fish",)}, "en")
    russian = _corpus(tmp_path / "ru", {"1": ("кот", "кошка"), "3": ("рыба",)}, "ru")
    assert referenced(english, russian) == [
        ("a cat", ["кот", "кошка"]),
        ("the cat", ["кот", "кошка"]),
        ("a fish", ["рыба"]),
    ]
    assert len(list(sentences(manifest.open_corpus(english)))) == 4
    assert not list(sentences(manifest.open_corpus(russian)))


def test_a_sample_is_even_and_ordered() -> None:
    stream = [(f"{i:02}", [""]) for i in range(20)]
    drawn = [sample(iter(stream), 5, seed=seed) for seed in range(400)]
    assert all(part == sorted(part) and len(part) == 5 for part in drawn)
    seen = Counter(text for part in drawn for text, _ in part)
    assert min(seen.values()) > 60 and max(seen.values()) < 145  # 100 expected; 5 standard deviations
    assert sample(iter(stream[:3]), 5) == stream[:3]
