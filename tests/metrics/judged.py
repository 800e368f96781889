"""Captions that a person judged by hand, and how far `invented` and `kinds` agree with that person.

A row of `judged_captions.jsonl`: a caption, its references, the concrete nouns of its scene that a reference names and
those that none does, and whether medium, panels and place of text are told right, wrong, or not told by the references.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.metrics.invented import Invented
from memecap.metrics.kinds import Kinds

JUDGED = Path(__file__).with_name("judged_captions.jsonl")
ASPECTS = ("medium", "panels", "place")
Decision = tuple[int, str, str | None, str | None]  # row, what about, the person's, the metric's


def rows() -> list[dict[str, Any]]:
    return list(storage.read_jsonl(JUDGED))


def noun_decisions(row: Mapping[str, Any], metric: Invented, number: int = 0) -> list[Decision]:
    """Of every noun that either side takes for a thing: named, invented, or (None) no thing."""
    person = {_lemma(metric, word): kind for kind in ("named", "invented") for word in row[kind]}
    things = metric.things(row["caption"])
    said = {word: "named" if kept else "invented" for word, kept in _kept(metric, row, things).items()}
    return [(number, word, person.get(word), said.get(word)) for word in dict.fromkeys([*person, *said])]


def kind_decisions(row: Mapping[str, Any], metric: Kinds, number: int = 0) -> list[Decision]:
    """Of medium, panels and place of text, where either side says that a reference tells it: right or wrong."""
    values = metric.row(row["caption"], row["references"])
    said = [("right" if right else "wrong") if told else None for right, told in zip(*[iter(values)] * 2, strict=True)]
    pairs = zip(ASPECTS, said, strict=True)
    return [(number, name, row[name], ours) for name, ours in pairs if row[name] or ours]


def agreement(decisions: Sequence[Decision]) -> tuple[float, float]:
    """The share of equal decisions, and of rows all of whose decisions are equal."""
    wrong = {number for number, _, person, metric in decisions if person != metric}
    numbers = {number for number, *_ in decisions}
    equal = sum(person == metric for *_, person, metric in decisions)
    return equal / len(decisions), 1 - len(wrong) / len(numbers)


def _lemma(metric: Invented, word: str) -> str:
    """A judged noun written as the metric writes lemmas."""
    return next(iter(metric.things(word)), word.replace("ё", "е"))


def _kept(metric: Invented, row: Mapping[str, Any], things: Sequence[str]) -> dict[str, bool]:
    """Of each thing, whether a reference names it: the metric is asked about one word after another."""
    return {word: metric.row(word, row["references"])[0] == 0 for word in things}
