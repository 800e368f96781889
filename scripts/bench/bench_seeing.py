"""Do scores rank captioners by what they see? python scripts/bench/bench_seeing.py [--rows 500]

Five made-up captioners describe memes of the painted world, whose facts are known: who, which colour, wearing what,
doing what, where, how many panels. Each quotes the text perfectly, so only seeing differs:

    observer    every fact right, in words put otherwise than the reference puts them
    near        the reference's own sentence, a quarter of its facts wrong
    brief       who and where, nothing else, nothing wrong
    guesser     the reference's own sentence, three quarters of its facts wrong
    stranger    the fluent description of another meme

The truth is the F1 of facts, counted on the scenes and never on words. Out: each score's Kendall tau-b with that truth
over the five, on all rows and as the mean of ten folds.

`kinds` does not look at who does what, so those facts do not rank it: all five of them frame a meme alike. It is asked
about five others, who describe the scene perfectly and tell the kind of picture (a tweet, two panels, text above and
below) rightly, always or in .75, .5, .25 or 0 of the memes, half of their mistakes being silence. Their truth is the
share of memes of a kind whose kind they tell rightly, counted on how the meme was painted.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from memecap.demo import grammar, world
from memecap.demo.grammar import Meme, Scene
from memecap.scoring.score import measure, scores_of

FACTS = [field.name for field in fields(Scene)]
TABLES = [grammar.KINDS, grammar.COLOURS, grammar.WEARS, grammar.MOODS, grammar.SIDES, grammar.SKIES, grammar.PLACES]
VALUES = {name: list(values) for name, values in zip(FACTS, TABLES, strict=True)}
SCORES = ("scene_words_f1", "invented", "kinds", "bleu4", "chrf2", "meteor", "cider_d", "scene_bleu4", "scene_chrf2")
Told = tuple[str, Sequence[dict[str, str]]]  # a caption, and the facts it tells of each panel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=500)
    n = parser.parse_args().rows
    memes = world.memes(2 * n)
    shown, training = memes[:n], [meme.description for meme in memes[n:]]
    systems: dict[str, Callable[[Meme, random.Random], Told]] = {
        "observer": lambda meme, rng: observed(meme),
        "near": lambda meme, rng: mistaken(meme, 0.25, rng),
        "brief": lambda meme, rng: brief(meme),
        "guesser": lambda meme, rng: mistaken(meme, 0.75, rng),
        "stranger": lambda meme, rng: strange(meme, rng.choice(memes[n:])),
    }
    rank(systems, shown, training)
    print("\nKinds of pictures\n")
    share = {"surely": 1.0, "mostly": 0.75, "evenly": 0.5, "seldom": 0.25, "never": 0.0}
    kinds = {name: (lambda meme, rng, part=part: of_kind(meme, part, rng)) for name, part in share.items()}
    rank(kinds, [meme for meme in shown if meme.style in KINDS_OF], training)


def rank(
    systems: dict[str, Callable[[Meme, random.Random], tuple[str, Any]]], shown: Sequence[Meme], training: Sequence[str]
) -> None:
    """Print what each system scores, and how far each score ranks them as the truth does."""
    references = [[meme.description] for meme in shown]
    truth, found, folds = [], [], []
    for name, describe in systems.items():
        rng = random.Random(name)
        told = [describe(meme, rng) for meme in shown]
        right = np.array(
            [
                (facts if isinstance(facts, bool) else facts_right(meme, facts))
                for meme, (_, facts) in zip(shown, told, strict=True)
            ]
        )
        measured = measure([text for text, _ in told], references, every=True, training=training)
        truth.append(right.mean())
        found.append(measured.scores)
        parts = [[rows[k::10].sum(axis=0) for rows in measured.statistics] for k in range(10)]
        folds.append((right, [scores_of(measured.metrics, part) for part in parts]))
        print(
            f"{name:9} truth {truth[-1]:.3f}  " + "  ".join(f"{key} {measured.scores[key]:.3f}" for key in known(found))
        )
    print()
    for key in known(found):
        sign = -1 if key == "invented" else 1
        whole = kendall(truth, [sign * scores[key] for scores in found])
        each = [
            kendall([right[k::10].mean() for right, _ in folds], [sign * float(parts[k][key]) for _, parts in folds])
            for k in range(10)
        ]
        print(f"{key:15} tau {whole:+.2f}   mean of ten folds {np.mean(each):+.2f}")


#: of each style the kind that its description tells, rightly in other words, and wrongly
KINDS_OF = {
    "tweet": ("Скриншот из твиттера", "Кадр из мультфильма"),
    "comic": ("Две картинки", "Четыре кадра"),
    "caps": ("Текст вверху и внизу", "Текст слева"),
    "bar": ("Подпись сверху", "Надпись в центре"),
}


def of_kind(meme: Meme, share: float, rng: random.Random) -> tuple[str, bool]:
    """The scene in the reference's words, after the kind of the picture: right, wrong or not told; and is it right?"""
    is_right = rng.random() < share
    right, wrong = KINDS_OF[meme.style]
    opening = f"{right}. " if is_right else rng.choice(("", f"{wrong}. "))
    seen = "; затем ".join(grammar.russian(scene) for scene in meme.scenes)
    return opening + seen + ", " + ", ".join(f'"{text}"' for text in meme.texts) + ".", is_right


def known(found: Sequence[dict[str, float]]) -> list[str]:
    return [key for key in SCORES if key in found[0]]


def facts_of(scene: Scene) -> dict[str, str]:
    return {name: value for name in FACTS if (value := getattr(scene, name))}


def facts_right(meme: Meme, told: Sequence[dict[str, str]]) -> float:
    """F1 of the facts told, panel by panel."""
    theirs = [facts_of(scene) for scene in meme.scenes]
    shared = sum(len(ours.items() & there.items()) for ours, there in zip(told, theirs, strict=False))
    return 2 * shared / (sum(map(len, told)) + sum(map(len, theirs)))


def observed(meme: Meme) -> Told:
    """Everything, the place first: «в комнате с обоями слева плачет рыжий кот в чёрной шляпе»."""
    seen = []
    for scene in meme.scenes:
        who = grammar.russian(replace(scene, mood="smile", side="left", sky="", place="room"))
        who = who.replace(f" {grammar.MOODS['smile'][0]} {grammar.SIDES['left'][0]} {grammar.PLACES['room'][0]}", "")
        parts = (grammar.PLACES[scene.place], grammar.SKIES[scene.sky], grammar.SIDES[scene.side])
        seen.append(" ".join(filter(None, [*(part[0] for part in parts), grammar.MOODS[scene.mood][0], who])))
    return framed(meme, seen), [facts_of(scene) for scene in meme.scenes]


def brief(meme: Meme) -> Told:
    seen = [f"{grammar.KINDS[scene.kind][0]} {grammar.PLACES[scene.place][0]}" for scene in meme.scenes]
    return framed(meme, seen), [{"kind": scene.kind, "place": scene.place} for scene in meme.scenes]


def mistaken(meme: Meme, share: float, rng: random.Random) -> Told:
    """Each fact that there is becomes another of its kind with this chance."""
    scenes = []
    for scene in meme.scenes:
        wrong = [name for name in facts_of(scene) if rng.random() < share]
        others = {name: rng.choice([v for v in VALUES[name] if v and v != getattr(scene, name)]) for name in wrong}
        scenes.append(replace(scene, **others))
    return replace(meme, scenes=tuple(scenes)).description, [facts_of(scene) for scene in scenes]


def strange(meme: Meme, other: Meme) -> Told:
    """What another meme shows, with this one's quotes."""
    scenes = (other.scenes * 2)[: len(meme.scenes)]
    return replace(meme, scenes=scenes).description, [facts_of(scene) for scene in scenes]


def framed(meme: Meme, seen: Sequence[str]) -> str:
    """Panels and quotes in other words than the reference's."""
    said = ", ".join(f'"{text}"' for text in meme.texts)
    opening = "Комикс из двух кадров: " if meme.style == "comic" else ""
    return f"{opening}{'; затем '.join(seen)}. Надписи: {said}."


def kendall(a: Sequence[float], b: Sequence[float]) -> float:
    """Tau-b of two short lists."""
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    one, two = (np.array([np.sign(values[i] - values[j]) for i, j in pairs]) for values in (a, b))
    ties = np.sqrt((one != 0).sum() * (two != 0).sum())
    return float((one * two).sum() / ties) if ties else 0.0


if __name__ == "__main__":
    main()
