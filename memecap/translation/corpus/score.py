"""How well an engine translates: chrF2 and BLEU against references, and a look at a sample with one's own eyes.

In: sentences with one or several reference translations each, or a corpus. Scores are sacrebleu's, with its signatures:
BLEU with tokenisation 13a and exponential smoothing, chrF2 on up to 6 characters, as translations are usually scored.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from memecap.core import manifest
from memecap.core.manifest import Corpus, Row
from memecap.errors import DataError, MissingFileError
from memecap.translation.base import Translator
from memecap.translation.corpus.translate import LANGUAGE
from memecap.translation.gate.gate import Gate

Referenced = tuple[str, list[str]]  # a sentence, and one or more translations of it


@dataclass(frozen=True, slots=True)
class Score:
    """The quality of a translator on n sentences; both scores run from 0 to 100."""

    n: int
    bleu: float
    chrf2: float
    rejected: int  # translations that the gate would reject
    signatures: dict[str, str]


def score(pairs: Sequence[Referenced], translator: Translator) -> Score:
    """Translate the sentences and compare. Raises `DataError` when there is nothing to compare."""
    if not pairs:
        fix = "Give sources and references that belong together."
        raise DataError("no sentence has a reference", where="score", fix=fix)
    sources = [source for source, _ in pairs]
    hypotheses = translator.translate(sources)
    # sacrebleu wants a list for each rank of reference, with None where a sentence has fewer.
    ranks = [list(rank) for rank in zip_longest(*(references for _, references in pairs))]
    bleu, chrf = BLEU(), CHRF()
    bleu_score, chrf2 = (metric.corpus_score(hypotheses, ranks).score for metric in (bleu, chrf))
    rejected = sum(map(bool, map(Gate().reject, sources, hypotheses)))
    signatures = {"bleu": str(bleu.get_signature()), "chrf2": str(chrf.get_signature())}
    return Score(len(pairs), bleu_score, chrf2, rejected, signatures)


def referenced(source: Path, references: Path) -> list[Referenced]:
    """Sentences with their references: two text files line by line, or two corpora joined by picture.

    Raises:
        DataError: the files are not equally long.
        MissingFileError: one of them is not there.
    """
    if source.is_dir():
        return list(_joined(manifest.open_corpus(source), manifest.open_corpus(references)))
    sentences, translations = _lines(source), _lines(references)
    if len(sentences) != len(translations):
        what = f"{len(sentences)} sentences, but {len(translations)} references"
        raise DataError(what, where=references, fix="Line n of the one file should translate line n of the other.")
    return [(sentence, [translation]) for sentence, translation in zip(sentences, translations, strict=True)]


def sample(pairs: Iterable[Referenced], n: int, *, seed: int = 0) -> list[Referenced]:
    """`n` pairs drawn evenly from a stream of any length (reservoir sampling), in their order in the stream."""
    rng = random.Random(seed)
    drawn: list[tuple[int, Referenced]] = []
    for i, pair in enumerate(pairs):
        if len(drawn) < n:
            drawn.append((i, pair))
        elif (place := rng.randrange(i + 1)) < n:
            drawn[place] = (i, pair)
    return [pair for _, pair in sorted(drawn)]


def sentences(corpus: Corpus) -> Iterator[Referenced]:
    """What `translate_corpus` would translate, without references."""
    for row in _rows(corpus):
        if row.language != LANGUAGE:
            yield from ((caption, []) for caption in row.captions)


def _joined(corpus: Corpus, references: Corpus) -> Iterator[Referenced]:
    """Every caption of a picture with all the captions that the other corpus has for it."""
    known = {row.image_id: list(row.captions) for row in _rows(references)}
    for row in _rows(corpus):
        if row.image_id in known:
            yield from ((caption, known[row.image_id]) for caption in row.captions)


def _rows(corpus: Corpus) -> Iterator[Row]:
    return (row for split in corpus.counts for row in corpus.rows(split))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise MissingFileError("no such file", where=path, fix="Check the path.") from error
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise DataError("not a text file in UTF-8", where=path, fix="Give one sentence a line.") from error
