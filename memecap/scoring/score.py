"""Captions and references → scores under a named preset, with the statistics they were made of.

In: hypotheses, and for each its references. Out: `Measurement`, whose statistics answer every later question
(an interval, a comparison of two systems; see significance.py) without scoring a row again.

N rows, K statistics of a row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from memecap.core import config, progress, registry
from memecap.errors import DataError, UsageError
from memecap.metrics.base import SCENE, Array, Metric, View
from memecap.scoring import guards
from memecap.scoring.presets import DEFAULT, Part, Preset, preset

Texts = Sequence[str]
References = Sequence[Sequence[str]]

_LATIN, _CYRILLIC = re.compile(r"[A-Za-z]"), re.compile(r"[А-Яа-яЁё]")
_SPECIAL = re.compile(
    r"</?s>|<\|?\s*(?:unk|start|end|pad|bos|eos|sos|startofseq|endofseq|startoftext|endoftext)\s*\|?>|\[(?:UNK|PAD|CLS|SEP|BOS|EOS)\]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """One system's scores, and the statistics they were made of."""

    scores: Mapping[str, float]
    signature: str
    n: int
    metrics: tuple[Metric, ...]
    statistics: tuple[Array, ...]  # one [N K] for each metric
    rows: str  # a hash of the references, in their order
    signs: tuple[guards.Sign, ...] = ()  # what the guards saw


def measure(
    hypotheses: Texts,
    references: References,
    preset_name: str = DEFAULT,
    *,
    every: bool = False,
    more: Sequence[Part] = (),
    training: Iterable[str] | None = None,
    pictures: Sequence[Path] | None = None,
) -> Measurement:
    """Score a system.

    Args:
        every: the preset's further metrics too, which take some seconds for 500 rows.
        more: metrics beside those of the preset, such as `{"name": "clipscore"}`.
        training: training captions, for the share of captions copied from them and for how rare words are.
        pictures: the picture of each row, for metrics that look.

    Raises:
        DataError: rows that do not pair up, a row without a reference, tokens or flat texts in place of texts
            and lists of texts, or special tokens of a vocabulary in the references.
        UsageError: no such preset, or two metrics with a score of one name.
    """
    chosen = preset(preset_name)
    check(hypotheses, references, chosen)
    parts = (*chosen.main, *(chosen.more if every else ()), *more)
    looked_at = None if pictures is None else tuple(pictures)
    known: dict[str, Any] = {"pictures": looked_at, "language": _language(references)}
    if training is not None:
        known["captions"] = tuple(training)
        known["training"] = frozenset(chosen.prepare(text, "text") for text in known["captions"])
    metrics = tuple(_build(part, known) for part in parts)
    views = {metric.config.view for metric in metrics}
    prepared = {view: _prepare(chosen, view, hypotheses, references) for view in views}
    statistics = tuple(metric.statistics(*prepared[metric.config.view]) for metric in metrics)
    found = scores_of(metrics, [rows.sum(axis=0) for rows in statistics])
    signature = " ".join([chosen.signature, *(_named(metric) for metric in metrics)])
    scores = {name: float(value) for name, value in found.items()}
    seen = guards.Rows(*prepared["text"], hypotheses, references, scores)
    rows = hashlib.sha256(json.dumps([list(row) for row in references]).encode()).hexdigest()
    return Measurement(scores, signature, len(hypotheses), metrics, statistics, rows, tuple(guards.signs(seen)))


def row_scores(measurement: Measurement) -> dict[str, Array]:
    """Each row scored as a corpus of its own: name → [N]."""
    return scores_of(measurement.metrics, measurement.statistics)


def scores_of(metrics: Sequence[Metric], totals: Sequence[Array]) -> dict[str, Array]:
    """All scores from each metric's summed statistics [... K]: name → [...]; those of the scene alone say so."""
    found: dict[str, Array] = {}
    for metric, total in zip(metrics, totals, strict=True):
        prefix = SCENE if metric.config.view == "scene" else ""
        scores = {prefix + name: values for name, values in metric.scores(total).items()}
        if twice := sorted(found.keys() & scores.keys()):
            fix = "Leave one of them out, or choose a preset without it."
            raise UsageError(f"two metrics give {', '.join(twice)}", where=metric.signature, fix=fix)
        found |= scores
    return found


def check(hypotheses: Sequence[Any], references: Sequence[Any], chosen: Preset) -> None:
    """Refuse what cannot be scored, or would be scored wrongly without anybody noticing."""
    if len(hypotheses) != len(references):
        raise DataError(f"{len(hypotheses)} captions but references for {len(references)} rows", fix="Pair them up.")
    if not len(hypotheses):
        raise DataError("there is nothing to score", fix="Give at least one caption with its references.")
    special = ""
    for number, (hypothesis, row) in enumerate(zip(hypotheses, references, strict=True), 1):
        _check_row(hypothesis, row, where=f"row {number}")
        found = next((token[0] for reference in row if (token := _SPECIAL.search(reference))), "")
        if found and not chosen.special_tokens:
            fix = "Score against the raw references: a vocabulary's tokens match themselves and raise every score."
            raise DataError(f"a reference holds the special token {found!r}", where=f"row {number}", fix=fix)
        special = special or found
    if special:
        progress.say(f"warning: references hold special tokens such as {special!r}; they raise every score")


def _check_row(hypothesis: Any, row: Any, *, where: str) -> None:
    if not isinstance(hypothesis, str):
        fix = "A caption is one text, not its tokens: join them by spaces. Captions come first, references second."
        raise DataError(f"a caption is a {type(hypothesis).__name__}", where=where, fix=fix)
    if isinstance(row, str) or not row or not all(isinstance(reference, str) for reference in row):
        fix = "Give a list of texts for each row. Captions come first, references second."
        raise DataError("the references of a row are not a list of texts", where=where, fix=fix)


def _build(part: Part, known: Mapping[str, Any]) -> Metric:
    """The metric, told what its settings leave open: training captions, pictures, the language."""
    wanted = registry.load("metrics", part["name"]).Config.model_fields
    told = {key: known[key] for key in known if key in wanted and part.get(key) is None}
    metric: Metric = config.build("metrics", {**part, **told})
    return metric


def _language(references: References) -> str:
    """The language of most letters: "en" where more are Latin than Cyrillic."""
    text = "".join(reference for row in references for reference in row)
    return "en" if len(_LATIN.findall(text)) > len(_CYRILLIC.findall(text)) else "ru"


def _prepare(
    chosen: Preset, view: View, hypotheses: Texts, references: References
) -> tuple[list[str], list[list[str]]]:
    prepare = lru_cache(maxsize=10_000)(lambda text: chosen.prepare(text, view))
    return [prepare(text) for text in hypotheses], [[prepare(text) for text in row] for row in references]


def _named(metric: Metric) -> str:
    return metric.signature + ("" if metric.config.view == "text" else f"|view:{metric.config.view}")
