"""A corpus in one language → the same corpus in Russian: every picture, every caption with its source and translator.

Work goes window by window: the sentences of a window that the cache does not know are sorted by length, translated in
batches and stored batch by batch. Windows and batches depend on the corpus alone, so a job killed at any moment and
started again asks the engine the same questions, repeats at most one batch, and ends with the same bytes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from memecap import manifest, progress, shards, storage
from memecap.errors import MissingFileError, UsageError
from memecap.manifest import Corpus, Row
from memecap.spread import open_place, with_part
from memecap.translation._cache import Cache, home, open_cache
from memecap.translation._gate import Gate
from memecap.translation.base import Translator

LANGUAGE = "ru"
REJECTED = "rejected.jsonl"
_WINDOW = 2000  # rows held in memory
_BATCH = 256  # sentences given to the engine at once and stored at once


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a corpus."""

    counts: Mapping[str, int]  # split → rows written
    captions: int  # captions written
    rejected: Mapping[str, int]  # reason → captions
    asked: int  # sentences that the engine translated in this run; the others were known


def translate_corpus(
    corpus: Corpus,
    translator: Translator,
    out: Path,
    *,
    cache: Path | None = None,
    gate: Gate | None = None,
    splits: Sequence[str] | None = None,
    on: str = "here",
) -> Summary:
    """Write `corpus` in Russian to the folder `out`; a finished `out` made from equal input is left as it is.

    A caption that the gate rejects is left out and written to `rejected.jsonl` with its reason; a row that loses
    all its captions is left out too. Rows that are Russian already pass unchanged. Pictures are hard-linked, or copied.

    Args:
        cache: the file of known translations; `translations.sqlite` in the user's cache folder when None.
        splits: all when None.
        on: where the engine runs, see `spread`; the result is the same everywhere.

    Raises:
        UsageError: `out` is the corpus itself, or a split does not exist.
        ServiceError, TryLaterError: the engine stopped; what it has translated is kept.
    """
    if out.resolve() == corpus.folder.resolve():
        raise UsageError("a corpus cannot be translated onto itself", where=out, fix="Name another output folder.")
    if unknown := set(splits or ()) - corpus.counts.keys():
        raise UsageError(
            f"no such split: {sorted(unknown)}", where=corpus.folder, fix=f"There are: {list(corpus.counts)}."
        )
    chosen = [split for split in corpus.counts if splits is None or split in splits]
    gate = gate or Gate()
    origin = {
        "source": corpus.name,
        "source_sha256": {split: storage.sha256_file(corpus.folder / split / "metadata.jsonl") for split in chosen},
        "translator": translator.version,
        "gate": gate.model_dump(),
    }
    engine = with_part(_translate, translator, family="translation", on=on)
    with storage.lock(out), open_cache(cache or home() / "translations.sqlite", translator.version) as known:
        done = _finished(out, origin)
        if done is not None:
            return done
        storage.sweep(out)
        with open_place(on) as place:
            ask = partial(place, engine, chunk=1)
            return _Job(corpus, translator, out, known, gate, chosen, ask).run(origin)


def _translate(translator: Translator, batch: Sequence[str]) -> list[str]:
    return translator.translate(batch)


def _finished(out: Path, origin: Mapping[str, Any]) -> Summary | None:
    """The summary of an earlier whole run from equal input; another run's `corpus.json` is taken away."""
    path = out / manifest.MANIFEST
    if not path.exists():
        return None
    record = storage.read_json(path)
    if any(record.get(key) != value for key, value in origin.items()):
        path.unlink()
        return None
    return Summary(record["counts"], record["captions"], record["rejected"], asked=0)


class _Job:
    """One run over a corpus: what every step shares."""

    def __init__(
        self,
        corpus: Corpus,
        translator: Translator,
        out: Path,
        known: Cache,
        gate: Gate,
        splits: list[str],
        ask: Callable[[Iterable[Sequence[str]]], Iterator[list[str]]],
    ) -> None:
        self._corpus, self._translator, self._out = corpus, translator, out
        self._known, self._gate, self._splits, self._ask = known, gate, splits, ask
        self._version = translator.version
        self._rejected: Counter[str] = Counter()
        self._captions = 0
        self._asked = 0

    def run(self, origin: Mapping[str, Any]) -> Summary:
        counts = {}
        with storage.atomic_writer(self._out / REJECTED) as rejects:
            for split in self._splits:
                rows = progress.track(self._corpus.rows(split), f"translate {split}", total=self._corpus.counts[split])
                translated = self._rows(rows, rejects)
                counts[split] = storage.write_jsonl(self._out / split / manifest.METADATA, translated)
        rejected = dict(sorted(self._rejected.items()))
        manifest.finish(self._out, self._out.name, counts, captions=self._captions, rejected=rejected, **origin)
        return Summary(counts, self._captions, rejected, self._asked)

    def _rows(self, rows: Iterable[Row], rejects: IO[str]) -> Iterator[dict[str, Any]]:
        """The records of the new manifest."""
        for window in _windows(rows):
            translations = self._translate(_sentences(window))
            for row in window:
                if row.language == LANGUAGE:
                    changes: dict[str, Any] = {"captions": row.captions}
                else:
                    changes = self._changes(row, translations, rejects)
                if changes["captions"]:
                    self._place_picture(row)
                    self._captions += len(changes["captions"])
                    yield row.to_json() | changes | {"corpus": self._out.name}

    def _changes(self, row: Row, translations: Mapping[str, str], rejects: IO[str]) -> dict[str, Any]:
        sources, translated = [], []
        for source in row.captions:
            translation = translations[source]
            reason = self._gate.reject(source, translation)
            if not reason:
                sources.append(source)
                translated.append(translation)
                continue
            self._rejected[reason] += 1
            record = {"split": row.split, "image_id": row.image_id, "reason": reason}
            rejects.write(storage.to_line(record | {"source": source, "translation": translation}))
        return {
            "captions": translated,
            "source_captions": sources,
            "language": LANGUAGE,
            "translator": self._version,
        }

    def _translate(self, sentences: Sequence[str]) -> dict[str, str]:
        translations = self._known.get(sentences)
        missing = sorted({s for s in sentences if s not in translations}, key=lambda s: (len(s), s))
        if missing and not self._asked:
            self._translator.prepare(self._unknown())
        batches = [missing[start : start + _BATCH] for start in range(0, len(missing), _BATCH)]
        for batch, answers in zip(batches, self._ask(batches), strict=True):
            made = dict(zip(batch, answers, strict=True))
            self._known.put(made)
            self._asked += len(made)
            translations |= made
        return translations

    def _unknown(self) -> Iterator[str]:
        """Every sentence of the job that the cache does not know."""
        for split in self._splits:
            for window in _windows(self._corpus.rows(split)):
                sentences = _sentences(window)
                known = self._known.get(sentences)
                yield from dict.fromkeys(s for s in sentences if s not in known)

    def _place_picture(self, row: Row) -> None:
        picture = self._corpus.image_path(row)
        if picture is None:
            return
        target = self._out / row.split / row.file_name
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(picture, target)
        except FileNotFoundError as error:
            if (packed := shards.read(picture)) is not None:
                storage.write_bytes(target, packed)
                return
            raise MissingFileError(
                "a picture of the corpus is not there", where=picture, fix="Build it again."
            ) from error
        except OSError:  # another disk, or one without links
            storage.write_bytes(target, picture.read_bytes())


def _windows(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while window := list(islice(rows, _WINDOW)):
        yield window


def _sentences(rows: Iterable[Row]) -> list[str]:
    return [caption for row in rows if row.language != LANGUAGE for caption in row.captions]
