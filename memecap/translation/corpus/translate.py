"""A corpus in one language → the same corpus in Russian: every picture, every caption with its source and translator.

Work goes window by window: the sentences of a window that the cache does not know are sorted by length, translated in
batches and stored batch by batch. Windows and batches depend on the corpus and on what failed, so a job killed at any
moment and started again repeats at most one batch and ends with the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from memecap.core import manifest, placing, progress, storage
from memecap.core.manifest import Corpus, Row
from memecap.core.parallel import chunks, open_place, with_part
from memecap.errors import UsageError
from memecap.translation.base import Translator
from memecap.translation.corpus.cache import open_cache
from memecap.translation.corpus.sentences import Sentences, nothing_translated
from memecap.translation.gate.gate import RULES_VERSION, Gate

LANGUAGE = "ru"
REJECTED = "rejected.jsonl"
WINDOW = 2000  # rows held in memory


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
        splits: all when None; those that `out` holds already stay, and are brought up to date too.
        on: where the engine runs, see `parallel_map`; the result is the same everywhere.

    Raises:
        UsageError: `out` is the corpus itself or holds other files than its translation, or a split does not exist.
        DataError: nothing that the engine answered is a translation; `out` is not finished.
        ServiceError, TryLaterError: the engine stopped; what it has translated is kept.
    """
    if out.resolve() == corpus.folder.resolve():
        raise UsageError("a corpus cannot be translated onto itself", where=out, fix="Name another output folder.")
    if unknown := set(splits or ()) - corpus.counts.keys():
        fix = f"There are: {list(corpus.counts)}."
        raise UsageError(f"no such split: {sorted(unknown)}", where=corpus.folder, fix=fix)
    there = _claimed(out, corpus.name)
    chosen = [split for split in corpus.counts if splits is None or split in splits or split in there]
    gate = gate or Gate()
    origin = {
        "source": corpus.name,
        "source_sha256": {split: storage.sha256_file(corpus.folder / split / "metadata.jsonl") for split in chosen},
        "translator": translator.version,
        "gate": gate.model_dump() | {"rules": RULES_VERSION},
        **({} if corpus.limit is None else {"limit": corpus.limit}),
    }
    engine = with_part(_translate, translator, family="translation", on=on)
    with (
        storage.lock(out),
        open_cache(cache or storage.cache_folder() / "translations.sqlite", translator.version) as known,
    ):
        done = _finished(out, origin)
        if done is not None:
            (out / manifest.UNFINISHED).unlink(missing_ok=True)  # a run may have stopped between the two
            return done
        manifest.reopen(out)
        storage.sweep(out)
        with open_place(on) as place:
            ask = partial(place, engine, chunk=1)
            return _Job(corpus, out, gate, chosen, Sentences(translator, known, gate, ask)).run(origin)


def _translate(translator: Translator, batch: Sequence[str]) -> list[str]:
    return translator.translate(batch)


def _finished(out: Path, origin: Mapping[str, Any]) -> Summary | None:
    """The summary of an earlier whole run from equal input."""
    record = _record(out)
    if not record or any(record.get(key) != value for key, value in {"limit": None, **origin}.items()):
        return None
    return Summary(record["counts"], record["captions"], record["rejected"], asked=0)


def _claimed(out: Path, source: str) -> Mapping[str, int]:
    """The splits that `out` holds already.

    Raises `UsageError` unless it is new or empty, or holds a translation of `source`, finished or stopped.
    """
    manifest.claim(out, is_ours=(out / REJECTED).exists())
    record = _record(out)
    if record and not ("translator" in record and record.get("source") == source):
        what = f"the corpus there is no translation of {source}"
        raise UsageError(what, where=out, fix="Name another output folder with --to.")
    counts: Mapping[str, int] = record.get("counts", {})
    return counts


def _record(out: Path) -> dict[str, Any]:
    """The manifest of a finished translation; empty where there is none."""
    path = out / manifest.MANIFEST
    record: dict[str, Any] = storage.read_json(path) if path.exists() else {}
    return record


class _Job:
    """One run over a corpus: what every step shares."""

    def __init__(self, corpus: Corpus, out: Path, gate: Gate, splits: list[str], sentences: Sentences) -> None:
        self._corpus, self._out, self._gate = corpus, out, gate
        self._splits, self._sentences = splits, sentences
        self._rejected: Counter[str] = Counter()
        self._captions = 0  # written, the Russian ones included
        self._translated = 0

    def run(self, origin: Mapping[str, Any]) -> Summary:
        counts = {}
        with storage.atomic_writer(self._out / REJECTED) as rejects:
            for split in self._splits:
                rows = progress.track(self._corpus.rows(split), f"translate {split}", total=self._corpus.counts[split])
                translated = self._rows(rows, str(origin["translator"]), rejects)
                counts[split] = storage.write_jsonl(self._out / split / manifest.METADATA, translated)
        rejected = dict(sorted(self._rejected.items()))
        if rejected and not self._translated:
            reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.items())
            raise nothing_translated(f"every caption was rejected: {reasons}", self._out / REJECTED)
        manifest.finish(self._out, self._out.name, counts, captions=self._captions, rejected=rejected, **origin)
        return Summary(counts, self._captions, rejected, self._sentences.asked)

    def _rows(self, rows: Iterable[Row], version: str, rejects: IO[str]) -> Iterator[dict[str, Any]]:
        """The records of the new manifest."""
        for window in chunks(rows, WINDOW):
            translations = self._sentences.translate(_sentences(window), self._windows_of_sentences)
            for row in window:
                if row.language == LANGUAGE:
                    changes: dict[str, Any] = {"captions": row.captions}
                else:
                    changes = self._changes(row, translations, rejects) | {"translator": version}
                if changes["captions"]:
                    placing.place(self._corpus, row, self._out)
                    self._captions += len(changes["captions"])
                    yield row.to_json() | changes | {"corpus": self._out.name}
                else:
                    placing.take_away(self._corpus, row, self._out)

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
        self._translated += len(translated)
        return {"captions": translated, "source_captions": sources, "language": LANGUAGE}

    def _windows_of_sentences(self) -> Iterator[list[str]]:
        return (_sentences(window) for split in self._splits for window in chunks(self._corpus.rows(split), WINDOW))


def _sentences(rows: Iterable[Row]) -> list[str]:
    return [caption for row in rows if row.language != LANGUAGE for caption in row.captions]
