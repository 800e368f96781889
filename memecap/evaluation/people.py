"""How far does every metric agree with people? Correlations over captions that people rated or compared.

In: answers (`rating.py`, `judging.py`) and the systems' captions with references. Out: for each question, how many
judges and how they agree; for each metric Kendall's tau-b and Spearman's rho over all rated captions, and the share of
pairs of captions of one picture that it puts in the order people do (its ties count half), each with a 95 % interval.

Both sides are turned so that more is better: a positive number means agreement, of `invented` too. Intervals are the
percentiles of a bootstrap over pictures; a resample keeps the ranks of the whole.

Source: Kendall 1945; Spearman 1904; Krippendorff 2011 for alpha with interval differences; pictures as the sampled
unit: Davison & Hinkley 1997. N captions, P pictures, R resamples.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memecap.errors import DataError
from memecap.evaluation import judging, rating
from memecap.metrics.base import Array, quantities
from memecap.scoring.predictions import Prediction
from memecap.scoring.score import measure, row_scores

RESAMPLES = 500
Estimate = tuple[float, float, float]  # the value, low and high ends of its 95 % interval
Key = tuple[str, str]  # a picture and a system
Values = Mapping[Key, Mapping[str, float]]  # of each caption, what each judge said, 0..1, more is better


@dataclass(frozen=True, slots=True)
class Agreement:
    """One question: its judges, and how far each metric agrees with them."""

    question: str
    judges: int
    captions: int
    pictures: int
    alpha: float | None  # Krippendorff's, interval differences; None where no caption has two judges
    metrics: Mapping[str, Mapping[str, Estimate | None]]  # name → kendall, spearman, pairs


def correlate(
    answers: Iterable[Mapping[str, Any]],
    systems: Mapping[str, Sequence[Prediction]],
    *,
    training: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Agreement]:
    """Every metric beside every question that was answered.

    Raises `DataError` where a row is no answer, or nobody answered about the captions in these files.
    """
    rated, compared = _sort(answers, systems)
    scores = _scores(systems, training)
    found = [_rated(name, values, scores, resamples, seed) for name, values in rated.items() if values]
    if compared:
        found.append(_compared(compared, scores, resamples, seed))
    if not found:
        fix = "Give the files of captions that were judged, unchanged and under the same names."
        raise DataError("no answer is about a caption in these files", fix=fix)
    return found


def interval_alpha(units: Iterable[Sequence[float]]) -> float | None:
    """Krippendorff's alpha of numbers: of each unit the values that its judges gave, as many as there were."""
    paired = [np.array(values, dtype=float) for values in units if len(values) > 1]
    if not paired:
        return None
    whole = np.concatenate(paired)
    n = len(whole)
    expected = _squares(whole) / (n - 1)
    return float(1 - sum(_squares(unit) / (len(unit) - 1) for unit in paired) / expected) if expected else None


def kendall(a: Array, b: Array, weights: Array) -> Array:
    """Tau-b of two lists Float[N], each item as often as `weights` Float[R N] say → Float[R]."""
    one, two = (np.sign(values[:, None] - values[None, :]).astype(np.float32) for values in (a, b))
    light = weights.astype(np.float32)
    shared, ours, theirs = (((light @ pairs) * light).sum(axis=1) for pairs in (one * two, abs(one), abs(two)))
    return _quotient(shared.astype(float), np.sqrt(ours.astype(float) * theirs))


def spearman(a: Array, b: Array, weights: Array) -> Array:
    """Pearson's correlation of the ranks (means for ties) of two lists Float[N], weighted Float[R N] → Float[R]."""
    total = weights.sum(axis=1)
    one, two = _ranks(a), _ranks(b)
    means = [(weights @ ranks) / total for ranks in (one, two)]
    covariance = (weights @ (one * two)) / total - means[0] * means[1]
    spreads = [(weights @ (ranks * ranks)) / total - mean * mean for ranks, mean in zip((one, two), means, strict=True)]
    return _quotient(covariance, np.sqrt(np.maximum(spreads[0] * spreads[1], 0)))


def _sort(
    answers: Iterable[Mapping[str, Any]], systems: Mapping[str, Sequence[Prediction]]
) -> tuple[dict[str, dict[Key, dict[str, float]]], dict[tuple[str, str, str], dict[str, float]]]:
    """Ratings by question, and comparisons (picture, A, B) → judge → 1 where A won, 0 where B did, .5 a tie."""
    known = {(row.key, name): rating.caption_hash(row.caption) for name, rows in systems.items() for row in rows}
    keys = {row.image_id: row.key for rows in systems.values() for row in rows}
    rated: dict[str, dict[Key, dict[str, float]]] = {name: defaultdict(dict) for name in rating.QUESTIONS}
    compared: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for number, answer in enumerate(answers, 1):
        if "winner" in answer:
            row = judging.check_answer(answer, f"row {number}")
            pair = row.get("judging", {})
            key = keys.get(row["image_id"], row["image_id"])
            if (key, pair.get("a")) in known and (key, pair.get("b")) in known:
                won = {"a": 1.0, "tie": 0.5, "b": 0.0}[row["winner"]]
                compared[key, pair["a"], pair["b"]][row["judge"]] = won
            continue
        row = rating.check_answer(answer, f"row {number}")
        caption = (keys.get(row["image_id"], row["image_id"]), row["system"])
        if known.get(caption) != row["caption_sha256"]:
            continue
        for name, values in rated.items():
            value = (row[name] - 1) / max(1, row["scale"] - 1)
            values[caption][row["judge"]] = 1 - value if name == "invented" else value
    return rated, compared


def _scores(systems: Mapping[str, Sequence[Prediction]], training: Sequence[str] | None) -> dict[str, dict[Key, float]]:
    """Metric → caption → its score as a corpus of its own, more being better."""
    found: dict[str, dict[Key, float]] = defaultdict(dict)
    for system, rows in systems.items():
        measured = measure(
            [row.caption for row in rows], [list(row.references) for row in rows], every=True, training=training
        )
        told = quantities(measured.metrics)
        for name, values in row_scores(measured).items():
            if name in told and told[name].direction != "neither":
                sign = -1 if told[name].direction == "lower" else 1
                found[name].update({(row.key, system): sign * float(v) for row, v in zip(rows, values, strict=True)})
    return found


def _rated(
    question: str, values: Values, scores: Mapping[str, Mapping[Key, float]], resamples: int, seed: int
) -> Agreement:
    captions = sorted(values)
    people = np.array([np.mean(list(values[caption].values())) for caption in captions])
    pictures, place = np.unique([image for image, _ in captions], return_inverse=True)
    weights = _draws(len(pictures), resamples, seed)[:, place]
    pairs = [(i, j) for i in range(len(captions)) for j in range(i) if place[i] == place[j] and people[i] != people[j]]
    found = {}
    for name, own in scores.items():
        metric = np.array([own[caption] for caption in captions])
        found[name] = {
            "kendall": _estimate(kendall(metric, people, weights)),
            "spearman": _estimate(spearman(metric, people, weights)),
            "pairs": _ordered(metric, people, pairs, weights),
        }
    judges = {judge for given in values.values() for judge in given}
    alpha = interval_alpha(list(given.values()) for given in values.values())
    return Agreement(question, len(judges), len(captions), len(pictures), alpha, found)


def _compared(
    compared: Mapping[tuple[str, str, str], Mapping[str, float]],
    scores: Mapping[str, Mapping[Key, float]],
    resamples: int,
    seed: int,
) -> Agreement:
    """Pairs that people compared: a list of two captions for each, of which A has what people gave it, B nothing."""
    wins = {pair: float(np.mean(list(given.values()))) for pair, given in compared.items()}
    pictures, place = np.unique([image for image, _, _ in wins], return_inverse=True)
    weights = np.repeat(_draws(len(pictures), resamples, seed)[:, place], 2, axis=1)
    people = np.array([value for win in wins.values() for value in (win, 1 - win)])
    pairs = [(2 * k, 2 * k + 1) for k, win in enumerate(wins.values()) if win != 0.5]
    found = {}
    for name, own in scores.items():
        metric = np.array([own[image, system] for image, *both in wins for system in both])
        found[name] = {"kendall": None, "spearman": None, "pairs": _ordered(metric, people, pairs, weights)}
    judges = {judge for given in compared.values() for judge in given}
    alpha = interval_alpha(list(given.values()) for given in compared.values())
    return Agreement("better", len(judges), 2 * len(wins), len(pictures), alpha, found)


def _ordered(metric: Array, people: Array, pairs: Sequence[tuple[int, int]], weights: Array) -> Estimate | None:
    """The share of pairs in people's order; None where people put none in order."""
    if not pairs:
        return None
    i, j = np.array(pairs).T
    same = np.sign(metric[i] - metric[j]) * np.sign(people[i] - people[j])
    drawn = weights[:, i]
    return _estimate(_quotient(drawn @ ((same + 1) / 2), drawn.sum(axis=1)))


def _draws(n: int, resamples: int, seed: int) -> Array:
    """Float[1 + R P]: every picture once, then how often each resample draws it."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.concatenate([np.ones((1, n)), drawn])


def _estimate(values: Array) -> Estimate | None:
    """The whole's value, and the middle 95 % of the resamples'; None where the whole's means nothing."""
    if np.isnan(values[0]):
        return None
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(values[0]), float(low), float(high)


def _quotient(a: Array, b: Array) -> Array:
    quotients: Array = np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)
    return quotients


def _ranks(values: Array) -> Array:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    means: Array = (ends - (counts - 1) / 2)[place]
    return means


def _squares(values: Array) -> float:
    """The sum of squared differences over ordered pairs."""
    return float(2 * len(values) * ((values - values.mean()) ** 2).sum())
