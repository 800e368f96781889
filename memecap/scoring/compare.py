"""Systems side by side: scores, intervals, and how far the first captioner is above each other system.

In: the captions of each system on the same rows. Out: the records of `scores.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from memecap.core import progress, storage
from memecap.core.manifest import open_corpus
from memecap.errors import DataError, UsageError
from memecap.scoring import coverage, quantities, significance, subsets
from memecap.scoring import score as scoring
from memecap.scoring.predictions import Prediction, read_predictions
from memecap.scoring.presets import DEFAULT, Part

CAPTIONER, FLOOR = "captioner", "floor"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class System:
    """A name, captioner or floor, and its captions."""

    name: str
    kind: str
    rows: Sequence[Prediction]
    images: Path | None = None  # the folder that the rows' file names start from
    sight: str = ""  # the hash of the weights the captioner looks with (`encoders.base.sight`)
    coverage: tuple[int, int] | None = None  # pictures captioned, pictures asked for; told by `join_rows`


def rank(
    systems: Sequence[System],
    preset: str = DEFAULT,
    *,
    every: bool = False,
    more: Sequence[Part] = (),
    training: Sequence[str] | None = None,
    resamples: int = significance.RESAMPLES,
    seed: int = 0,
    quiet: bool = False,
    asked: Sequence[Prediction] = (),
    only_common: bool = False,
) -> list[Record]:
    """The records of `scores.json`, as ordered; `compared` holds the first captioner minus the record's system.

    Where a memory knew some of the pictures, `subsets` holds the same of the known and of the new ones.

    Args:
        every, more, training: see `score.measure`.
        quiet: do not say on stderr what the guards saw; the records hold it.
        asked, only_common: see `coverage.join`.

    Raises:
        DataError: the systems' rows do not join, or a row cannot be scored.
    """
    systems = join_rows(systems, asked=asked, only_common=only_common)
    measured = [measure(system, preset, every=every, more=more, training=training) for system in systems]
    records = []
    for system, found in zip(systems, measured, strict=True):
        records.append(_record(system, found, resamples=resamples, seed=seed))
        _warn(records[-1], system, found, quiet=quiet)
    first = next((place for place, system in enumerate(systems) if system.kind == CAPTIONER), None)
    if first is not None:
        _compare(records, systems, measured, first, resamples, seed)
    for name, places in subsets.known_and_new(systems[first or 0].rows).items():
        parts = [subsets.part_of(found, places) for found in measured]
        of_part = [_scored(part, resamples=resamples, seed=seed) for part in parts]
        if first is not None:
            _compare(of_part, systems, parts, first, resamples, seed)
        for record, part in zip(records, of_part, strict=True):
            record.setdefault("subsets", {})[name] = part
    return records


def _scored(found: scoring.Measurement, *, resamples: int, seed: int) -> Record:
    intervals = significance.intervals(found, resamples=resamples, seed=seed)
    return {"n": found.n, "scores": dict(found.scores), "intervals": intervals}


def _record(system: System, found: scoring.Measurement, *, resamples: int, seed: int) -> Record:
    record: Record = {
        "system": system.name,
        "kind": system.kind,
        "n": found.n,
        "coverage": list(system.coverage or ()),
        "rows": coverage.fingerprint(system.rows),
        "scores": dict(found.scores),
        "signature": found.signature,
        "intervals": significance.intervals(found, resamples=resamples, seed=seed),
    }
    untold = quantities.untold(record, found.metrics)
    return {**record, "quantities": untold} if untold else record


def _warn(record: Record, system: System, found: scoring.Measurement, *, quiet: bool) -> None:
    """Keep in the record, and say, that a system is judged by its own encoder, and what the guards saw."""
    if system.sight and system.sight in {metric.judge for metric in found.metrics}:
        record["warning"] = f"{system.name} sees with the encoder that judges it: CLIPScore favours it"
        progress.say(f"warning: {record['warning']}")
    if found.signs and system.kind == CAPTIONER:
        record["warnings"] = [asdict(sign) for sign in found.signs]
        for sign in () if quiet else found.signs:
            progress.say(f"warning: {system.name}: {sign.says}")


def join_rows(
    systems: Sequence[System], *, asked: Sequence[Prediction] = (), only_common: bool = False
) -> list[System]:
    """The systems on the same pictures in the same order, as `coverage.join` has them; says which left pictures out."""
    joined = coverage.join([(system.name, system.rows) for system in systems], asked=asked, only_common=only_common)
    n_asked = len({row.key for rows in (asked, *(system.rows for system in systems)) for row in rows})
    found = []
    for system, rows in zip(systems, joined, strict=True):
        n_captioned = sum(bool(row.caption.strip()) for row in system.rows)
        counts = system.coverage or (n_captioned, n_asked)
        found.append(replace(system, rows=rows, coverage=counts))
        if (missing := n_asked - len(system.rows)) > 0:
            fate = "left out" if only_common else "scored as empty captions; --only-common leaves them out"
            progress.say(f"warning: {system.name}: {missing} of {n_asked} pictures have no caption: {fate}")
    return found


def read_systems(folder: Path) -> list[System]:
    """The captioner of an evaluation's folder, then its floors, ready to be scored without any model."""
    settings = storage.read_json(folder / "evaluation.json")
    images = Path(settings["corpus"]) / settings["split"]
    ours = read_predictions(folder / "captions.jsonl")
    name = str(ours[0].rest.get("system", CAPTIONER))
    floors = sorted((folder / "floors").glob("*.jsonl"))
    return [
        System(name, CAPTIONER, ours, images, settings.get("sight", "")),
        *(System(path.stem, FLOOR, read_predictions(path), images) for path in floors),
    ]


def training_captions(folder: Path) -> list[str] | None:
    """The training captions of the corpus that an evaluation's folder names; None where the corpus is not there."""
    corpus = Path(storage.read_json(folder / "evaluation.json")["corpus"])
    if not corpus.is_dir():
        return None
    return [caption for row in open_corpus(corpus).rows("train") for caption in row.captions]


def measure(
    system: System,
    preset: str,
    *,
    every: bool = False,
    more: Sequence[Part] = (),
    training: Sequence[str] | None = None,
) -> scoring.Measurement:
    """Score one system's rows."""
    captions, references = [row.caption for row in system.rows], [row.references for row in system.rows]
    pictures = None if system.images is None else [row.picture(system.images) for row in system.rows]
    return scoring.measure(captions, references, preset, every=every, more=more, training=training, pictures=pictures)


def read_records(path: Path) -> list[Record]:
    """A table that was written before. Raises `DataError` where the file is no such table."""
    records = storage.read_json(path)
    if isinstance(records, list) and all(isinstance(r, dict) and {"system", "scores"} <= r.keys() for r in records):
        return records
    raise DataError("not a table of scores", where=path, fix="Give a scores.json of `memecap evaluate` or `score`.")


def join(tables: Sequence[Sequence[Record]]) -> list[Record]:
    """Several tables as one.

    Raises:
        UsageError: their signatures, or the pictures and references they scored, differ: the numbers do not compare.
    """
    records = [record for table in tables for record in table]
    if len(tables) > 1 and (silent := [str(record["system"]) for record in records if not record.get("rows")]):
        told = "a table does not say which pictures and references it scored: an older memecap wrote it"
        fix = "Score the captions again: memecap score FOLDER --json > scores.json"
        raise UsageError(told, where=", ".join(silent[:3]), fix=fix)
    signatures = sorted({f"{record['signature']} (n={record['n']})" for record in records})
    if len(signatures) > 1:
        told = "scores of different protocols, or of different numbers of rows, cannot stand in one table"
        where = "\n         ".join(signatures)
        raise UsageError(told, where=where, fix="Score the captions again with one preset.")
    if len({record.get("rows") for record in records}) > 1:
        raise UsageError(
            f"tables of {records[0]['n']} rows each, but of other pictures or other references",
            where=" · ".join(f"{table[0]['system']}: rows {table[0].get('rows')}" for table in tables),
            fix="Score the captions themselves, in one command: their rows are joined by image_id.",
        )
    return records


def _compare(
    records: Sequence[Record],
    systems: Sequence[System],
    measured: Sequence[scoring.Measurement],
    first: int,
    resamples: int,
    seed: int,
) -> None:
    """Add `compared` to every record but the first captioner's, p-values corrected over the systems of the table."""
    rivals = [place for place in range(len(systems)) if place != first]
    found = {
        place: significance.compare(measured[first], measured[place], resamples=resamples, seed=seed)
        for place in rivals
    }
    for place in rivals:
        records[place]["compared"] = {"system": systems[first].name, "minus_this": {}}
    for name in measured[first].scores:
        corrected = significance.holm({place: found[place][name].worse_p for place in rivals})
        for place, p in corrected.items():
            records[place]["compared"]["minus_this"][name] = {**asdict(found[place][name]), "p_holm": p}
