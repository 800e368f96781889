"""A corpus of pictures and a teacher → a corpus whose captions the teacher wrote, which any training takes.

In: rows without captions (or all, with `replace`), their text read before or now. Out, in one folder:
    label.json       the teacher, and how it was run; written first, so that a resumed run cannot mix two
    labels.jsonl     what the teacher said of each picture, good or bad; a stopped run goes on after its last line
    rejected.jsonl   what the gate refused, with its reason
    readings/        what was read, for a student that reads
    <split>/…, corpus.json   the corpus, as any other; each of its new rows says in `written_by` who wrote its captions

The gate judges what is stored: another threshold asks the teacher for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from memecap.captioners.base import Captioner
from memecap.core import manifest, placing, progress, storage, sums
from memecap.core.manifest import Corpus, Row
from memecap.core.parallel import chunks, open_place, with_made
from memecap.decoding.base import Search
from memecap.errors import DataError, TryLaterError, UsageError
from memecap.evaluation.tasks import STORED, Task, readings_of
from memecap.inference.elsewhere import HERE
from memecap.inference.identity import OPERATIONAL, author, identity
from memecap.inference.load import load_captioner
from memecap.inference.precision import Precision
from memecap.inference.ranking import Ranking
from memecap.labelling.gate import RULES_VERSION, Gate
from memecap.labelling.teacher import Label, write
from memecap.reading.base import Reading
from memecap.reading.stored.readings import FOLDER as READINGS

SETTINGS, LABELS, REJECTED = "label.json", "labels.jsonl", "rejected.jsonl"
LANGUAGE = "ru"


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a corpus."""

    counts: Mapping[str, int]  # split → rows written, those that had captions included
    labelled: int  # rows with a caption of the teacher's
    rejected: Mapping[str, int]  # reason → pictures
    asked: int  # pictures that the teacher described in this run; the others were known


def label(
    model: str | Path | Captioner,
    corpus: Path,
    out: Path,
    *,
    splits: Sequence[str] | None = None,
    limit: int | None = None,
    replace: bool = False,
    reader: Any = STORED,
    decoding: Search | None = None,
    ranking: Ranking | None = None,
    precision: Precision = "fp32",
    device: str | None = None,
    batch_size: int = 16,
    gate: Gate | None = None,
    drop_failed: bool = False,
    trust_code: bool = False,
    on: str = HERE,
) -> Summary:
    """Write captions for the pictures of a corpus that have none; the same command goes on with a stopped run.

    Args:
        model: a checkpoint or run folder, a Hub id, `template`, a YAML of `configs/serve/`, or a loaded captioner.
        splits, limit: all when None, or the first so many rows of each; splits that `out` holds already stay.
        replace: describe pictures that have captions, too; those become the row's `source_captions`.
        reader: as in `memecap.evaluate`; the further ones as in `load_captioner`.
        drop_failed: leave out the pictures of which no answer came, instead of asking for another run.
        on: where the teacher runs, see `parallel_map`; the files are the same everywhere.

    Raises:
        UsageError: `out` is the corpus itself, or holds others' files or labels.
        DataError, TryLaterError: no picture to describe or to pass the gate; no answer now, what was said is kept.
    """
    opened = manifest.open_corpus(corpus).limited(limit)
    chosen = _chosen(opened, out, splits)
    make = partial(
        load_captioner,
        model,
        reader=None,  # the corpus is read before, once
        decoding=decoding,
        ranking=ranking,
        precision=precision,
        device=device,
        trust_code=trust_code,
    )
    pipeline = make()
    readings = readings_of(opened, chosen, reader)
    tasks = _tasks(opened, chosen, readings, replace=replace)
    with storage.lock(out), open_place(on) as place:
        _claim(out / SETTINGS, identity(pipeline) | _source(opened, readings, tasks, replace=replace))
        manifest.reopen(out)
        storage.sweep(out)
        job = _Job(opened, out, gate or Gate(), author(pipeline), readings)
        todo = list(chunks([task for task in tasks if task.row.image_id not in job.labels], batch_size))
        work = with_made(write, make, on=on, made=pipeline)
        n_failed = job.ask(todo, place(work, todo, chunk=1))
        if n_failed and not drop_failed:
            fix = "Run the same command again: what has been said is kept. Or leave them out with --drop-failed."
            raise TryLaterError(f"{n_failed} of {len(tasks)} pictures have no caption yet", where=out, fix=fix)
        return job.finish(chosen, {task.row.image_id for task in tasks}, is_read=reader is not None)


def _chosen(corpus: Corpus, out: Path, splits: Sequence[str] | None) -> list[str]:
    """The splits that `out` will hold, those that it holds already among them; once that may be done there."""
    if out.resolve() == corpus.folder.resolve():
        raise UsageError("a corpus cannot be labelled onto itself", where=out, fix="Name another output folder.")
    if unknown := set(splits or ()) - corpus.counts.keys():
        fix = f"There are: {list(corpus.counts)}."
        raise UsageError(f"no such split: {sorted(unknown)}", where=corpus.folder, fix=fix)
    manifest.claim(out, is_ours=(out / SETTINGS).exists())
    there = manifest.open_corpus(out).counts if (out / manifest.MANIFEST).exists() else {}
    return [split for split in corpus.counts if splits is None or split in splits or split in there]


def _tasks(corpus: Corpus, splits: Sequence[str], readings: Mapping[str, Reading], *, replace: bool) -> list[Task]:
    """Each picture that is to be described, once. Raises `DataError` where there is none."""
    tasks: dict[str, Task] = {}
    for split in splits:
        for row in corpus.rows(split):
            if (replace or not row.captions) and (picture := corpus.image_path(row)):
                tasks.setdefault(row.image_id, Task(row, picture, readings.get(row.image_id)))
    if not tasks:
        fix = "Build one with `memecap corpus build pictures FOLDER`, or describe all its pictures with --replace."
        raise DataError("every picture of the corpus has a caption", where=corpus.folder, fix=fix)
    return list(tasks.values())


def _source(corpus: Corpus, readings: Mapping[str, Reading], tasks: Sequence[Task], *, replace: bool) -> dict[str, Any]:
    reader = next((readings[key].reader for task in tasks if (key := task.row.image_id) in readings), "")
    return {"source": corpus.name, "reader": reader, "replace": replace}


def _claim(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings, or see that the folder's are the same."""
    if not path.exists():
        storage.write_json(path, settings)
        return
    held = {"style": "plain", **storage.read_json(path)}  # labels of before say none
    if changed := sorted(key for key in settings.keys() - OPERATIONAL if settings[key] != held.get(key)):
        what = f"the folder holds labels made with another {', '.join(changed)}"
        raise UsageError(what, where=path.parent, fix="Give another output folder, or delete this one.")


class _Job:
    """One run: the labels there are, and what is made of them."""

    def __init__(self, corpus: Corpus, out: Path, gate: Gate, name: str, readings: Mapping[str, Reading]) -> None:
        self._corpus, self._out, self._gate, self._author, self._readings = corpus, out, gate, name, readings
        self.asked = 0
        path = out / LABELS
        storage.cut_torn_line(path)
        stored = storage.read_jsonl(path) if path.exists() else iter(())
        self.labels = {label.image_id: label for label in (Label(**record) for record in stored)}

    def ask(self, todo: Sequence[Sequence[Task]], answers: Iterator[list[Label]]) -> int:
        """Store the labels of batches as they come; returns how many pictures got no answer."""
        n_failed = 0
        with (self._out / LABELS).open("a", encoding="utf-8") as file:
            for _, labels in progress.track(zip(todo, answers, strict=True), "labels", len(todo)):
                kept = [label for label in labels if not label.again]
                n_failed += len(labels) - len(kept)
                file.write("".join(storage.to_line(label.to_json()) for label in kept))
                file.flush()
                self.labels |= {label.image_id: label for label in kept}
                self.asked += len(kept)
        return n_failed

    def finish(self, splits: Sequence[str], wanted: set[str], *, is_read: bool) -> Summary:
        """Judge the labels, write the rows and, last, the manifest."""
        rejected: Counter[str] = Counter()
        counts, n_labelled = {}, 0
        with storage.atomic_writer(self._out / REJECTED) as rejects:
            for split in splits:
                records = []
                for row in self._corpus.rows(split):
                    taken, reason = self._judged(row) if row.image_id in wanted else (row, "")
                    if taken is None:
                        rejected[reason] += 1
                        rejects.write(storage.to_line(self._rejection(row, reason)))
                        placing.take_away(self._corpus, row, self._out)
                        continue
                    n_labelled += row.image_id in wanted
                    placing.place(self._corpus, row, self._out)
                    records.append(taken.to_json() | {"corpus": self._out.name})
                counts[split] = storage.write_jsonl(self._out / split / manifest.METADATA, records)
        if not n_labelled:
            reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.items())
            fix = "Look at them; choose another teacher, or another threshold with --gate."
            raise DataError(f"the gate let no caption pass: {reasons}", where=self._out / REJECTED, fix=fix)
        if is_read:
            for path in sorted((self._corpus.folder / READINGS).glob("*.jsonl")):
                storage.link(path, self._out / READINGS / path.name)
                sums.record(self._out / READINGS, [self._out / READINGS / path.name])
        told = {"source": self._corpus.name, "written_by": self._author, "labelled": n_labelled}
        judged = {
            "gate": self._gate.model_dump() | {"rules": RULES_VERSION},
            "rejected": dict(sorted(rejected.items())),
        }
        manifest.finish(self._out, self._out.name, counts, language=LANGUAGE, **told, **judged)
        return Summary(counts, n_labelled, judged["rejected"], self.asked)

    def _judged(self, row: Row) -> tuple[Row | None, str]:
        """The row with the teacher's caption, or why it has none."""
        found = self.labels.get(row.image_id)
        if found is None or found.error:
            return None, "refused" if found and found.refused else "failed"
        reason = self._gate.reject(found.caption, self._readings.get(row.image_id), finished=found.finished)
        if reason:
            return None, reason
        words = {"captions": [found.caption], "source_captions": list(row.captions), "language": LANGUAGE}
        return Row.from_json(row.to_json() | words | {"translator": "", "written_by": self._author}), ""

    def _rejection(self, row: Row, reason: str) -> dict[str, Any]:
        found = self.labels.get(row.image_id)
        said = {"caption": found.caption, "error": found.error} if found else {"caption": "", "error": "no answer"}
        return {"split": row.split, "image_id": row.image_id, "file_name": row.file_name, "reason": reason} | said
