"""Scores of a corpus, and random corpora on which two tools are compared."""

from __future__ import annotations

import random


def total(metric, hypotheses, references):
    return {k: float(v) for k, v in metric.scores(metric.statistics(hypotheses, references).sum(axis=0)).items()}


WORDS = [
    "кот",
    "кота",
    "коты",
    "надпись",
    "надписи",
    "на",
    "и",
    "сидит",
    "(да)",
    "«мем»",
    "ой!",
    "я",
    "ёлка",
    ".",
    "a4",
    "что-то",
]


def corpora(n: int, seed: int = 0) -> list[tuple[list[str], list[list[str]]]]:
    """Small random corpora: empty and short texts, one to three references."""
    draw = random.Random(seed)

    def text(longest: int) -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(0, longest)))

    found = []
    for _ in range(n):
        rows, longest, n_references = draw.randint(1, 5), draw.choice([3, 6, 14]), draw.randint(1, 3)
        references = [[text(longest) for _ in range(n_references)] for _ in range(rows)]
        hypotheses = [draw.choice([draw.choice(row), text(longest)]) for row in references]
        found.append((hypotheses, references))
    return found
