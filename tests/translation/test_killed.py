"""`kill -9` at any moment of a translation: the same bytes in the end, at most one batch asked again for each kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from killing import Killer, files

from memecap.core import manifest
from memecap.core.manifest import Row
from memecap.translation import translate_corpus
from memecap.translation.base import Translator
from memecap.translation.corpus import sentences, translate

BATCH, WINDOW = 16, 60


class Noting(Translator):
    """An engine that notes in a file what it was asked."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def version(self) -> str:
        return "noting 1"

    def translate(self, sentences: Sequence[str]) -> list[str]:
        with self._log.open("a", encoding="utf-8") as log:
            log.write("".join(f"{sentence}\n" for sentence in sentences))
        return ["перевод " + sentence.replace("cat", "кот") for sentence in sentences]


def job(corpus: Path, folder: Path) -> None:
    sentences.BATCH, translate.WINDOW = BATCH, WINDOW
    folder.mkdir(exist_ok=True)
    engine = Noting(folder / "asked.log")
    translate_corpus(manifest.open_corpus(corpus), engine, folder / "ru", cache=folder / "cache.sqlite")


def torment(n_kills: int, tmp_path: Path) -> None:
    rows = [
        Row(
            captions=tuple(f"cat {i} {'кот ' * (i % 9 + k)}" for k in range(2)),
            image_id=f"{i:04}",
            group_id=f"{i:04}",
            corpus="c",
            split=manifest.SPLITS[i % 3],
            language="en",
        )
        for i in range(300)
    ]
    corpus = tmp_path / "c"
    manifest.finish(corpus, "c", manifest.write_rows(corpus, rows))
    killer = Killer("memecap.translation")
    n_steps = killer.run(job, corpus, tmp_path / "whole")
    needed = (tmp_path / "whole" / "asked.log").read_text(encoding="utf-8").splitlines()
    expected = files(tmp_path / "whole" / "ru")
    assert len(set(needed)) == len(needed) == 600
    for number, n_killed in killer.rounds(n_kills, job, n_steps, lambda number: (corpus, tmp_path / f"round{number}")):
        folder = tmp_path / f"round{number}"
        assert files(folder / "ru") == expected
        asked = (folder / "asked.log").read_text(encoding="utf-8").splitlines()
        assert set(asked) == set(needed)
        assert len(asked) <= len(needed) + BATCH * n_killed


@pytest.mark.timeout(600)  # a guard, not a measure
def test_two_kills(tmp_path: Path) -> None:
    torment(2, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills_of_a_translation(tmp_path: Path) -> None:
    torment(100, tmp_path)
