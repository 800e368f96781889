"""A caption's own quotes → a noisy `Reading`, so that a decoder learns to copy where no picture has been read.

The noise imitates a reader of memes: whole lines are missed, words are lost, letters are mistaken, and specks of the
picture are taken for text.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from memecap.reading.base import Line, Reading
from memecap.text.quotes import quotes

_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


@dataclass(frozen=True, slots=True)
class Noise:
    """Chances of each mistake; the defaults are those of one pass of Tesseract over 800 memes of the train split."""

    lose_line: float = 0.3
    lose_word: float = 0.1
    alter_letter: float = 0.05
    add_speck: float = 0.5  # a short line of stray letters, before each line
    capitals: float = 0.1  # the whole reading in capitals


def simulate_reading(caption: str, rng: random.Random, noise: Noise = Noise()) -> Reading:
    """A reading of the picture that this caption may describe; without lines when it quotes nothing."""
    text: list[str] = []
    for quote in quotes(caption):
        for line in _break(quote.split(), rng):
            if rng.random() < noise.add_speck:
                text.append("".join(rng.choices(_LETTERS, k=rng.randint(1, 4))))
            if rng.random() >= noise.lose_line:
                text.append(_misread(line, rng, noise))
    if rng.random() < noise.capitals:
        text = [line.upper() for line in text]
    return Reading(
        lines=tuple(Line(line, (0, 0, 0, 0), 1.0) for line in text if line), width=0, height=0, reader="simulated"
    )


def _break(words: list[str], rng: random.Random) -> list[list[str]]:
    lines = []
    while words:
        length = rng.randint(1, 7)
        lines.append(words[:length])
        words = words[length:]
    return lines


def _misread(words: list[str], rng: random.Random, noise: Noise) -> str:
    kept = [word for word in words if rng.random() >= noise.lose_word]
    return "".join(_alter(letter, rng, noise) for letter in " ".join(kept))


def _alter(letter: str, rng: random.Random, noise: Noise) -> str:
    if letter == " " or rng.random() >= noise.alter_letter:
        return letter
    return rng.choice(["", rng.choice(_LETTERS)])
