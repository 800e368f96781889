"""A corpus in one language → the same corpus in Russian: every picture, every caption with its source and translator.

Work goes window by window: the sentences of a window that the cache does not know are sorted by length, translated in
batches and stored batch by batch. Windows and batches depend on the corpus and on what failed, so a job killed at any
moment and started again repeats at most one batch and ends with the same bytes. What failed (nothing came back, or
another language) is not kept: the same command asks for it again.
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
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.manifest import Corpus, Row
from memecap.spread import open_place, with_part
from memecap.text.clean import clean
from memecap.translation._cache import Cache, open_cache
from memecap.translation._gate import FAILURES, RULES_VERSION, Gate
from memecap.translation.base import Translator

LANGUAGE = "ru"
REJECTED = "rejected.jsonl"
_WINDOW = 2000  # rows held in memory
_BATCH = 256  # sentences given to the engine at once and stored at once
_ENOUGH = 256  # failures in a row from the start that no further one is paid for


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
        on: where the engine runs, see `spread`; the result is the same everywhere.

    Raises:
        UsageError: `out` is the corpus itself or holds other files than its translation, or a split does not exist.
        DataError: nothing that the engine answered is a translation; `out` is not finished.
        ServiceError, TryLaterError: the engine stopped; what it has translated is kept.
    """
    if out.resolve() == corpus.folder.resolve():
        raise UsageError("a corpus cannot be translated onto itself", where=out, fix="Name another output folder.")
    if unknown := set(splits or ()) - corpus.counts.keys():
        raise UsageError(
            f"no such split: {sorted(unknown)}", where=corpus.folder, fix=f"There are: {list(corpus.counts)}."
        )
    _refuse_foreign(out, corpus.name)
    wanted = None if splits is None else {*splits, *_splits_there(out)}
    chosen = [split for split in corpus.counts if wanted is None or split in wanted]
    gate = gate or Gate()
    origin = {
        "source": corpus.name,
        "source_sha256": {split: storage.sha256_file(corpus.folder / split / "metadata.jsonl") for split in chosen},
        "translator": translator.version,
        "gate": gate.model_dump() | {"rules": RULES_VERSION},
    }
    engine = with_part(_translate, translator, family="translation", on=on)
    with (
        storage.lock(out),
        open_cache(cache or storage.cache_folder() / "translations.sqlite", translator.version) as known,
    ):
        done = _finished(out, origin)
        if done is not None:
            return done
        manifest.reopen(out)
        storage.sweep(out)
        with open_place(on) as place:
            ask = partial(place, engine, chunk=1)
            return _Job(corpus, translator, out, known, gate, chosen, ask).run(origin)


def _translate(translator: Translator, batch: Sequence[str]) -> list[str]:
    return translator.translate(batch)


def _finished(out: Path, origin: Mapping[str, Any]) -> Summary | None:
    """The summary of an earlier whole run from equal input."""
    path = out / manifest.MANIFEST
    if not path.exists():
        return None
    record = storage.read_json(path)
    if any(record.get(key) != value for key, value in origin.items()):
        return None
    return Summary(record["counts"], record["captions"], record["rejected"], asked=0)


def _refuse_foreign(out: Path, source: str) -> None:
    """Raises `UsageError` unless `out` is new or empty, or holds a translation of `source`, finished or stopped."""
    manifest.claim(out, is_ours=(out / REJECTED).exists())
    path = out / manifest.MANIFEST
    if path.exists() and not _is_translation_of(source, storage.read_json(path)):
        raise UsageError(
            f"the corpus there is no translation of {source}", where=out, fix="Name another output folder with --to."
        )


def _splits_there(out: Path) -> set[str]:
    path = out / manifest.MANIFEST
    return set(storage.read_json(path)["counts"]) if path.exists() else set()


def _is_translation_of(source: str, record: Mapping[str, Any]) -> bool:
    return "translator" in record and record.get("source") == source


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
        self._captions = 0  # written, the Russian ones included
        self._translated = 0
        self._asked = self._answered = 0  # sentences: put to the engine; answered, now or before

    def run(self, origin: Mapping[str, Any]) -> Summary:
        counts = {}
        with storage.atomic_writer(self._out / REJECTED) as rejects:
            for split in self._splits:
                rows = progress.track(self._corpus.rows(split), f"translate {split}", total=self._corpus.counts[split])
                translated = self._rows(rows, rejects)
                counts[split] = storage.write_jsonl(self._out / split / manifest.METADATA, translated)
        rejected = dict(sorted(self._rejected.items()))
        if rejected and not self._translated:
            reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.items())
            raise _nothing_translated(f"every caption was rejected: {reasons}", self._out / REJECTED)
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
                else:
                    self._take_picture_away(row)

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
        return {
            "captions": translated,
            "source_captions": sources,
            "language": LANGUAGE,
            "translator": self._version,
        }

    def _translate(self, sentences: Sequence[str]) -> dict[str, str]:
        translations = self._find(sentences)
        self._answered += len(translations)
        missing = sorted({s for s in sentences if s not in translations}, key=lambda s: (len(s), s))
        if missing and not self._asked:
            self._translator.prepare(self._unknown())
        batches = [missing[start : start + _BATCH] for start in range(0, len(missing), _BATCH)]
        for batch, answers in zip(batches, self._ask(batches), strict=True):
            translations |= self._stored(_cleaned(dict(zip(batch, answers, strict=True))))
        return translations

    def _find(self, sentences: Iterable[str]) -> dict[str, str]:
        """The translations that are known; failures that an earlier version kept are none."""
        return self._answers(_cleaned(self._known.get(sentences)))

    def _stored(self, made: Mapping[str, str]) -> Mapping[str, str]:
        """A batch, once its translations are kept. Raises `DataError` once so many have failed and none has not."""
        answers = self._answers(made)
        self._known.put(answers)
        self._asked += len(made)
        self._answered += len(answers)
        if not self._answered and self._asked >= _ENOUGH:
            source, answer = next(iter(made.items()))
            what = f"none of {self._asked} answers is a translation, {source[:80]!r} gave {answer[:80]!r}"
            raise _nothing_translated(what, self._version)
        return made

    def _answers(self, translations: Mapping[str, str]) -> dict[str, str]:
        """What the engine did translate, be it badly: worth keeping, since it would answer the same again."""
        return {s: t for s, t in translations.items() if self._gate.reject(s, t) not in FAILURES}

    def _unknown(self) -> Iterator[str]:
        """Every sentence of the job that the cache does not know."""
        for split in self._splits:
            for window in _windows(self._corpus.rows(split)):
                sentences = _sentences(window)
                known = self._find(sentences)
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

    def _take_picture_away(self, row: Row) -> None:
        """Remove what an earlier run placed for a row that has lost its captions; by its name and bytes it is ours."""
        if self._corpus.image_path(row) is None:
            return
        target = self._out / row.split / row.file_name
        if target.stem == row.image_id and target.is_file() and storage.sha256_file(target) == row.image_id:
            target.unlink()


def _cleaned(translations: Mapping[str, str]) -> dict[str, str]:
    """Clean text, as every corpus holds it, on one line where the source is."""
    texts = ((source, clean(translation)) for source, translation in translations.items())
    return {source: text.strip() if "\n" in source else " ".join(text.split()) for source, text in texts}


def _nothing_translated(what: str, where: str | Path) -> DataError:
    fix = "Check the engine, its model and endpoint (--sample 5 shows answers), then run the same command again."
    return DataError(what, where=where, fix=fix)


def _windows(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while window := list(islice(rows, _WINDOW)):
        yield window


def _sentences(rows: Iterable[Row]) -> list[str]:
    return [caption for row in rows if row.language != LANGUAGE for caption in row.captions]
