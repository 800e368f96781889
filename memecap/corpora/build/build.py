"""A source → a corpus folder (see `core.manifest`): pictures looked at, grouped, split and copied, rows written.

Splits never let a picture stand on two sides, and never move a row once it has been given one: see `splits`.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from memecap.core import manifest, storage
from memecap.corpora.base import Source
from memecap.corpora.build.card import write_card
from memecap.corpora.build.journal import Journal
from memecap.corpora.build.place import drop_strays, has_journal, refuse_drops, refuse_own_source
from memecap.corpora.build.splits import assign_splits
from memecap.errors import UsageError


def build(
    source: Source, folder: Path, *, on: str = "here", drop_missing: bool = False, limit: int | None = None
) -> manifest.Corpus:
    """Make or bring up to date the corpus in `folder`, whose name becomes the corpus's name.

    Pictures that were looked at are not looked at again, also after a kill. Items that cannot be used are named with
    their reason in `left_out.jsonl`; the answer's `details["failed"]` counts the broken and missing pictures.

    Args:
        on: where pictures are decoded, see `parallel_map`.
        limit: only the source's first so many items.
        drop_missing: rows that stand and that the source no longer gives are dropped instead of refused.

    Raises:
        UsageError: a corpus stands there that was split by other settings, or files that are not ours, or the source.
        DataError: the source cannot be understood, or rows that stand would be dropped; the corpus is as it was.
        TryLaterError: another process is building there.
    """
    settings = source.config
    refuse_own_source(folder, [value for _, value in settings if isinstance(value, Path)], source.pictures)
    manifest.claim(folder, is_ours=has_journal(folder))
    rules = {key: getattr(settings, key) for key in ("val", "test", "salt", "similarity", "split_by")}
    with storage.lock(folder), Journal(folder) as journal:
        _refuse_other_rules(folder, rules)
        storage.sweep(folder)
        journal.gather(islice(source.items(), limit), within=source.confined_to)
        journal.look(on=on)
        assign_splits(journal.db, folder, beside=settings.beside, on=on, **rules)
        if not drop_missing:
            refuse_drops(journal)
        journal.copy_pictures()
        manifest.reopen(folder)
        rows = journal.rows(folder.name, language=settings.language, licence=settings.licence)
        counts = manifest.write_rows(folder, rows)
        drop_strays(journal, counts)
        storage.write_jsonl(folder / manifest.LEFT_OUT, journal.left_out())
        details: dict[str, Any] = {"source": settings.name}
        details |= {"language": settings.language, "licence": settings.licence, **journal.tally(), "rules": rules}
        write_card(folder, folder.name, counts, details)
        return manifest.finish(folder, folder.name, counts, **details)


def _refuse_other_rules(folder: Path, rules: dict[str, object]) -> None:
    path = folder / manifest.MANIFEST
    there = storage.read_json(path).get("rules", {}) if path.exists() else {}
    if changes := [key for key in rules if key in there and rules[key] != there[key]]:  # older corpora lack some
        changed = ", ".join(f"{key}={there[key]!r}" for key in changes)
        what = f"the corpus there was split with {changed}, and rows do not move"
        fix = "Use the same settings, or another --out, or remove the folder to split anew."
        raise UsageError(what, where=folder, fix=fix)
