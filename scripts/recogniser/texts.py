"""What the painted lines say: phrases of descriptions and captions, numbers, names, and letters at random."""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recogniser.alphabet import ALPHABET, written

_QUOTED = re.compile(r"[\"«“„*]([^\"»”“*]{2,400})[\"»”“*]")
_LONGEST = 46  # characters of a line
_MONTHS = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]
_UKRAINIAN = str.maketrans({"и": "і", "е": "є", "й": "ї", "г": "ґ", "И": "І", "Е": "Є", "Й": "Ї", "Г": "Ґ"})


@dataclass(frozen=True)
class Sources:
    """Word lists of running texts: quotes in the memes' descriptions, the descriptions, captions of photographs."""

    quotes: Sequence[list[str]]
    descriptions: Sequence[list[str]]
    russian: Sequence[list[str]]
    english: Sequence[list[str]]

    @classmethod
    def read(cls, data: Path, seed: int) -> Sources:
        """Read a folder with `memes/train.csv` and `flickr30k/`; of the English captions fifteen thousand."""
        with (data / "memes" / "train.csv").open(encoding="utf-8", newline="") as lines:
            memes = [row[1] for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) > 1][1:]
        quotes = [written(quote).split() for meme in memes for quote in _QUOTED.findall(meme)]
        with (data / "flickr30k" / "captions_ru_google.tsv").open(encoding="utf-8") as lines:
            russian = [written(line.partition("\t")[2]).split() for line in lines][1:]
        with gzip.open(data / "flickr30k" / "train.1.en.gz", "rt", encoding="utf-8") as lines:
            english = [written(line).split() for line in lines]
        random.Random(seed).shuffle(english)
        kept = ([words for words in source if words] for source in (quotes, _words(memes), russian, english[:15_000]))
        return cls(*kept)


def _words(texts: Sequence[str]) -> list[list[str]]:
    return [written(text).split() for text in texts]


def _span(rng: random.Random, source: Sequence[list[str]]) -> str:
    """Some words that stand together; most lines are short, some fill the width of a picture."""
    words = rng.choice(source)
    count = min(len(words), 1 + int(rng.expovariate(1 / 2.6)))
    start = rng.randrange(len(words) - count + 1)
    return " ".join(words[start : start + count])


def _number(rng: random.Random) -> str:
    """Times, dates, prices, telephones, percentages, counts."""
    n = rng.randrange
    return rng.choice(
        [
            f"{n(24)}:{n(60):02d}",
            f"{n(1, 32)} {rng.choice(_MONTHS)} {n(1990, 2030)}",
            f"{n(1, 32):02d}.{n(1, 13):02d}.{n(1990, 2030)}",
            f"{n(1, 10 ** n(1, 7))} {rng.choice(['₽', 'руб.', 'р.', '$', '€', 'кг', 'лет', 'км', 'тыс.'])}",
            f"+7 {n(900, 1000)} {n(1000):03d}-{n(100):02d}-{n(100):02d}",
            f"{n(101)}%",
            f"{n(1, 10 ** n(1, 9))}",
            f"{n(10)},{n(100)}",
            f"№{n(1, 1000)}",
        ]
    )


def _name(rng: random.Random, sources: Sources) -> str:
    """@names, #tags and addresses of pages."""
    first, second = (
        re.sub(r"\W", "", word.lower()) or "a" for word in (rng.choice(rng.choice(sources.english)) for _ in range(2))
    )
    tag = rng.choice(rng.choice(sources.russian)).strip(".,").lower()
    return rng.choice(
        [
            f"@{first}{rng.choice(['', '_'])}{second}{rng.choice(['', str(rng.randrange(2030))])}",
            f"#{tag}",
            f"{first}{second}.{rng.choice(['com', 'ru', 'net'])}",
            f"vk.com/{first}_{second}",
            f"@{first}",
        ]
    )


def _letters(rng: random.Random) -> str:
    """Characters at random, so that the rare ones are learnt too."""
    if rng.random() < 0.5:
        return written("".join(rng.choices(ALPHABET, k=rng.randrange(1, 10))))
    return rng.choice(ALPHABET[:66])


def _marked(rng: random.Random, text: str) -> str:
    """Quotation marks, brackets, dashes and stops around a text."""
    return rng.choice(
        ["«{}»", '"{}"', "({})", "- {}", "— {}", "*{}*", "{}!", "{}?", "{}...", "{}:", "[{}]", "{}!!!", "{},", "• {}"]
    ).format(text)


def _case(rng: random.Random, text: str) -> str:
    chance = rng.random()
    if chance < 0.42:
        return text.upper()
    if chance < 0.77:
        return text
    return text.lower() if chance < 0.87 else text[:1].upper() + text[1:]


def line(rng: random.Random, sources: Sources) -> str:
    """The text of one line to paint: 1 to some 46 characters of the alphabet."""
    makers: list[tuple[float, Callable[[], str]]] = [
        (0.40, lambda: _span(rng, sources.quotes)),
        (0.10, lambda: _span(rng, sources.descriptions)),
        (0.20, lambda: _span(rng, sources.russian)),
        (0.11, lambda: _span(rng, sources.english)),
        (0.06, lambda: " ".join(rng.choice(rng.choice(sources.russian)) for _ in range(rng.randrange(1, 4)))),
        (0.05, lambda: _number(rng)),
        (0.03, lambda: _name(rng, sources)),
        (0.03, lambda: _letters(rng)),
        (0.02, lambda: _span(rng, sources.russian).translate(_UKRAINIAN)),
    ]
    text = rng.choices([maker for _, maker in makers], [weight for weight, _ in makers])[0]()
    if rng.random() < 0.08:
        text = _marked(rng, text)
    text = written(_case(rng, text))
    while len(text) > _LONGEST and " " in text:
        text = text.rpartition(" ")[0]
    return text[:_LONGEST] or "а"
