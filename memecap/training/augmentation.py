"""A train picture → the same picture seen otherwise; a caption → the reading that its picture may have had.

A picture is never changed so that a caption or a line of text on it goes wrong.

Any picture may change in colour, noise and JPEG quality, and shrink a little. Only a photograph that was read and found
without text is turned and cropped; it is mirrored too, unless a caption tells left from right.

A simulated reading lets a decoder learn to copy where no picture has been read: the caption's own quotes, with the
noise of a reader of memes. Whole lines are missed, words are lost, letters are mistaken, specks are taken for text.

A simulated recollection lets a captioner learn what a recollection is worth where few pictures have one: what somebody
else said of the picture, or its own caption with words and sentences lost, surely known; or, hardly known, the caption
of another picture.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance

from memecap.memory.recollection import Recollection, RememberedLine
from memecap.reading.base import Line, Reading
from memecap.text.quotes import quotes, spans

MIN_KEPT = 0.75  # of each side, by a crop
MOST_SHRUNK = 0.9  # of each side
STRANGE = 0.2  # of simulated recollections
LOSE_SENTENCE = 0.15
_SIDES = re.compile(r"\b(?:слева|справа|налево|направо|влево|вправо|лев\w{1,3}|прав\w{1,3})\b", re.IGNORECASE)
_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


def is_photograph(captions: Sequence[str], reading: Reading | None) -> bool:
    """Was the picture read, and neither a line found on it nor one quoted in a caption? Unread ones may have text."""
    return reading is not None and not reading.lines and not any(quotes(caption) for caption in captions)


def augment(
    picture: Image.Image,
    captions: Sequence[str],
    rng: random.Random,
    *,
    photograph: bool,
    rotation_degrees: float = 0.0,
) -> Image.Image:
    """An RGB picture changed by chance.

    Args:
        photograph: it has no text, and may be turned, cropped and mirrored.
        rotation_degrees: how far a photograph is turned at most, to either side.
    """
    if photograph:
        if rotation_degrees:
            degrees = rng.uniform(-rotation_degrees, rotation_degrees)  # the corners that open have its mean colour
            picture = picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=_mean_colour(picture))
        picture = _crop(picture, rng)
        if rng.random() < 0.5 and not any(_SIDES.search(caption) for caption in captions):
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for change in (_recolour, _shrink, _add_noise, _compress):
        if rng.random() < 0.5:
            picture = change(picture, rng)
    return picture


def _crop(picture: Image.Image, rng: random.Random) -> Image.Image:
    width, height = (max(1, round(side * rng.uniform(MIN_KEPT, 1.0))) for side in picture.size)
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def _recolour(picture: Image.Image, rng: random.Random) -> Image.Image:
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhance(picture).enhance(rng.uniform(0.75, 1.25))
    return picture


def _shrink(picture: Image.Image, rng: random.Random) -> Image.Image:
    """The whole picture, a little smaller, somewhere on a ground of its mean colour."""
    width, height = (max(1, round(side * rng.uniform(MOST_SHRUNK, 1.0))) for side in picture.size)
    ground = Image.new("RGB", picture.size, _mean_colour(picture))
    place = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    ground.paste(picture.resize((width, height), Image.Resampling.BICUBIC), place)
    return ground


def _mean_colour(picture: Image.Image) -> Any:
    return picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))


def _add_noise(picture: Image.Image, rng: random.Random) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(64)).normal(0, rng.uniform(1, 8), (*picture.size[::-1], 3))
    return Image.fromarray((np.asarray(picture) + noise).round().clip(0, 255).astype(np.uint8))


def _compress(picture: Image.Image, rng: random.Random) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=rng.randint(40, 90))
    return Image.open(buffer).convert("RGB")


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
    lines = tuple(Line(line, (0, 0, 0, 0), 1.0) for line in text if line)
    return Reading(lines=lines, width=0, height=0, reader="simulated")


def simulate_recollection(
    captions: Sequence[str], which: int, strange: str, reading: Reading, rng: random.Random
) -> Recollection:
    """What a memory may have said of this picture, where caption `which` is to be learnt.

    Args:
        captions: every caption of the picture.
        strange: the caption of another picture.
    """
    is_strange = rng.random() < STRANGE
    others = [text for i, text in enumerate(captions) if i != which]
    said = rng.choice(others) if others else _forget(captions[which], rng)
    return Recollection(
        image_id="simulated",
        group_id="simulated",
        corpus="",
        split="",
        captions=(strange if is_strange else said,),
        lines=tuple(RememberedLine(line.text, line.box) for line in reading.lines),
        box=(0, 0, reading.width, reading.height),
        covered=rng.uniform(0.0, 0.4) if is_strange else rng.uniform(0.3, 1.0),
        inliers=0,
        confidence=rng.uniform(0.0, 0.6) if is_strange else rng.uniform(0.6, 1.0),
        transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    )


def _forget(caption: str, rng: random.Random) -> str:
    """A caption with words and whole sentences of its scene lost; its quotes stay."""
    lose_word = rng.choice((0.0, 0.1, 0.25))
    kept, end = [], 0
    for span in [*spans(caption), None]:
        sentences = re.split(r"(?<=[.!?])(?=\s)", caption[end : span.opened if span else None])
        for sentence in sentences:
            if len(sentences) == 1 or rng.random() >= LOSE_SENTENCE:
                kept += [word for word in sentence.split() if rng.random() >= lose_word]
        if span:
            kept.append(caption[span.opened : span.closed])
            end = span.closed
    return " ".join(kept)


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
