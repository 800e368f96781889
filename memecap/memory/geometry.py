"""Which features of two pictures belong together: pairs by look, then transforms that many pairs agree on.

No chance in it: every pair proposes the similarity that its two places, sizes and angles tell (Lowe 2004), all pairs
vote on each, the best proposals are refined to affine transforms. What one panel explains is taken out before the next
one is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memecap.memory.features import Features

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEAR = 0.42  # squared distance of descriptors of one place; unlike ones are about 0.8 apart
RATIO = 0.85  # squared: how much nearer the best must be than the second best elsewhere on that picture
_PROPOSALS = 400  # pairs that propose, the most alike
_GLANCED, _GLANCING = 160, 60  # pairs of a glimpse, and those of them that propose
_REFINED = 4  # proposals that are refined
_SPREAD = 0.15  # of the distance from the proposing pair: what sizes and angles are wrong by
_SIZE, _TURN = np.log(1.6), np.deg2rad(30)  # by which a pair's size and angle may differ from the transform's
_SKEW = 1.4  # the largest stretch of one axis against the other
_ZOOM = (0.15, 6.5)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Features of the asked picture and those of the remembered one that look alike."""

    asked: Ints  # [P]
    remembered: Ints  # [P]
    distances: Floats  # [P], squared

    def __len__(self) -> int:
        return len(self.asked)

    def chosen(self, which: NDArray[np.bool_] | Ints) -> Pairs:
        return Pairs(self.asked[which], self.remembered[which], self.distances[which])


@dataclass(frozen=True, slots=True)
class Consensus:
    """A transform and the pairs that it explains."""

    matrix: NDArray[np.float64]  # [2 3], asked → remembered
    pairs: Pairs
    n_places: int  # of different places on both pictures


def alike(asked: Features, remembered: Features) -> Pairs:
    """Pairs that are each other's nearest, near enough, and nearer than anything elsewhere on the other picture."""
    if not len(asked) or not len(remembered):
        nothing = np.zeros(0, np.int64)
        return Pairs(nothing, nothing, np.zeros(0, np.float32))
    one, other = asked.vectors, remembered.vectors
    squares = one @ (-2 * other.T)
    squares += (one**2).sum(1)[:, None]
    squares += (other**2).sum(1)
    best = squares.argmin(1)
    rows = np.arange(len(best))
    distances = squares[rows, best]
    keep = (distances < NEAR) & (squares.argmin(0)[best] == rows)
    rows, best, distances = rows[keep], best[keep], distances[keep]
    # features on one spot with other angles are no rivals
    x, y = remembered.places.T
    on_spot = (np.abs(x[best][:, None] - x) <= 3) & (np.abs(y[best][:, None] - y) <= 3)
    squares = squares[rows]
    squares[on_spot] = np.inf
    rivals = squares.min(1, initial=np.inf)
    keep = distances < RATIO * rivals
    return Pairs(rows[keep], best[keep], np.maximum(distances[keep], 0).astype(np.float32))


def agreements(
    asked: Features, remembered: Features, pairs: Pairs, tolerance: tuple[float, float], *, least: int
) -> Iterator[Consensus]:
    """Transforms that at least `least` places agree on, the strongest first; each pair is explained once.

    `tolerance` is how many pixels a place may be off, on the asked and on the remembered picture.
    """
    while len(pairs) >= least:
        found = consensus(asked, remembered, pairs, tolerance)
        if found is None or found.n_places < least:
            return
        yield found
        taken = np.isin(pairs.asked, found.pairs.asked)
        pairs = pairs.chosen(~taken)


def consensus(asked: Features, remembered: Features, pairs: Pairs, tolerance: tuple[float, float]) -> Consensus | None:
    """The transform that most pairs agree on."""
    here, there, zooms, turns = _told(asked, remembered, pairs)
    votes = _votes(here, there, zooms, turns, _best(pairs, _PROPOSALS), tolerance)
    best: Consensus | None = None
    order = np.argsort(-votes.sum(1), kind="stable")
    for proposal in order[:_REFINED]:
        inliers = votes[proposal]
        if inliers.sum() < 3:
            break
        refined = _refine(here, there, (zooms, turns), inliers, tolerance)
        if refined is None:
            continue
        matrix, inliers = refined
        n_places = _places(here[inliers], there[inliers], tolerance)
        if best is None or n_places > best.n_places:
            best = Consensus(matrix, pairs.chosen(inliers), n_places)
    return best


def glimpse(asked: Features, remembered: Features, pairs: Pairs, tolerance: tuple[float, float]) -> int:
    """How many of the likest pairs roughly agree with one of them: a quick look before a long one."""
    pairs = pairs.chosen(_best(pairs, _GLANCED))
    here, there, zooms, turns = _told(asked, remembered, pairs)
    votes = _votes(here, there, zooms, turns, np.arange(min(len(pairs), _GLANCING)), tolerance)
    most = votes[votes.sum(1).argmax()]
    return _places(here[most], there[most], tolerance)


def _told(
    asked: Features, remembered: Features, pairs: Pairs
) -> tuple[NDArray[np.float64], NDArray[np.float64], Floats, Floats]:
    """Of each pair: both places, and by how much the remembered feature is larger and turned."""
    here, there = asked.places[pairs.asked].astype(np.float64), remembered.places[pairs.remembered].astype(np.float64)
    zooms = np.log(remembered.sizes[pairs.remembered] / asked.sizes[pairs.asked])
    return here, there, zooms, remembered.angles[pairs.remembered] - asked.angles[pairs.asked]


def _best(pairs: Pairs, n: int) -> Ints:
    """The pairs that are most alike."""
    return np.argsort(pairs.distances, kind="stable")[:n]


def _votes(
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    zooms: Floats,
    turns: Floats,
    proposing: Ints,
    tolerance: tuple[float, float],
) -> NDArray[np.bool_]:
    """[H P]: which pairs lie about where each proposing pair says."""
    scale, cos, sin = np.exp(zooms[proposing])[:, None], np.cos(turns), np.sin(turns)
    c, s = cos[proposing][:, None], sin[proposing][:, None]
    right, down = (scale * (here[:, axis] - here[proposing, axis][:, None]) for axis in (0, 1))  # H P
    x = c * right - s * down + (there[proposing, 0][:, None] - there[:, 0])
    y = s * right + c * down + (there[proposing, 1][:, None] - there[:, 1])
    reach = 2 * tolerance[1] + _SPREAD * np.sqrt(right**2 + down**2)
    near: NDArray[np.bool_] = x**2 + y**2 < reach**2
    near &= np.abs(zooms - zooms[proposing][:, None]) < _SIZE
    near &= c * cos + s * sin > np.cos(_TURN)  # the cosine of the angle between both turns
    return near


def _refine(
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    told: tuple[Floats, Floats],
    inliers: NDArray[np.bool_],
    tolerance: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Fit, look who agrees, fit again, ever more strictly; None where nothing sane is left."""
    matrix = None
    for loose in (3.0, 2.0, 1.0, 1.0, 1.0):
        if inliers.sum() < 3:
            return None
        matrix = similarity(here[inliers], there[inliers])
        if loose == 1.0 and inliers.sum() >= 8:
            stretched = affine(here[inliers], there[inliers])
            if _skew(stretched) < _SKEW:
                matrix = stretched
        zoom = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        if not _ZOOM[0] < zoom < _ZOOM[1]:
            return None
        before, turn = inliers, np.arctan2(matrix[1, 0], matrix[0, 0])
        off = np.linalg.norm(here @ matrix[:, :2].T + matrix[:, 2] - there, axis=1)
        inliers = off < loose * min(tolerance[1], tolerance[0] * zoom)
        inliers &= np.abs(told[0] - np.log(zoom)) < _SIZE
        inliers &= np.abs(_wrapped(told[1] - turn)) < _TURN
        if loose == 1.0 and (inliers == before).all():
            break  # the next fit would be this one
    assert matrix is not None
    return matrix, inliers


def similarity(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """The [2 3] matrix of a zoom, turn and shift that brings points [N 2] nearest to others (Umeyama 1991)."""
    a, b = here.mean(0), there.mean(0)
    p, q = here - a, there - b
    size = max(float((p**2).sum()), 1e-9)
    cos, sin = float((p * q).sum()) / size, float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()) / size
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([turn, b - turn @ a])


def affine(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """The [2 3] matrix that brings points [N 2] nearest to others."""
    padded = np.column_stack([here, np.ones(len(here))])
    return np.asarray(np.linalg.lstsq(padded, there, rcond=None)[0].T, np.float64)


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way back."""
    back = np.linalg.inv(matrix[:, :2])
    return np.column_stack([back, -back @ matrix[:, 2]])


def moved(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [N 2] where the matrix carries them."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def _skew(matrix: NDArray[np.float64]) -> float:
    large, small = np.linalg.svd(matrix[:, :2], compute_uv=False)
    mirrors = np.linalg.det(matrix[:, :2]) <= 0
    return float("inf") if mirrors or small < 1e-6 else float(large / small)


def _places(here: NDArray[np.float64], there: NDArray[np.float64], tolerance: tuple[float, float]) -> int:
    """How many different places these are, on the picture where there are fewer."""
    counts = (
        len(set(map(tuple, np.round(points / max(off, 1e-6)).tolist())))
        for points, off in zip((here, there), tolerance, strict=True)
    )
    return min(counts)


def _wrapped(turn: NDArray[np.floating]) -> NDArray[np.floating]:
    """The same angle between -π and π."""
    return (turn + np.pi) % (2 * np.pi) - np.pi
