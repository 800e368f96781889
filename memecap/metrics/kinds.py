"""Kinds: does a caption say rightly what sort of picture it is, how many panels it has, and where its text stands?

In: texts as they are written. Out, shares 0..1 of the rows whose references tell it; a caption that is silent is wrong:
    kind_medium   photograph, drawing, comic, screenshot, tweet, chat
    kind_panels   how many panels
    kind_place    where the text stands: above, below, left, right, in the middle
    kinds         of all that the references tell, what the caption tells rightly

A caption may tell several (a screenshot of a tweet). It is right when it tells something, and nothing that its
reference does not: who names them all is right nowhere. Of several references the first that agrees decides.

Source: ours, from how descriptions of Russian memes open («скриншот твита», «на втором кадре», «надпись сверху»).
Limits: words are looked for, not understood: «твит без фото» tells a photograph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pydantic import Field

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, ratio
from memecap.text import quotes
from memecap.text.clean import clean

_MEDIA = {
    "tweet": r"твит(?!ч)|твиттер",
    "chat": r"переписк|\bчат(?:а|е|у|ом)?\b|мессенджер|\bсмс\b|\bдиалог\w* в (?:телеграм|ватсап|вк|соц|мессендж)",
    "screenshot": r"\bскрин",
    "comic": r"комикс",
    "drawing": r"\bрис(?:у|ов(?!ый|ая|ого))|нарисован|\bмульт(?:ф|сериал|ик|яш)|аним(?:е|ац)|иллюстраци|карикатур"
    r"|\bарт\b|\bскетч|\bкартин(?:а|е|ы|у|ой)\b",
    "photograph": r"\bфото(?!шоп|аппарат|камер|граф(?!и))|\bсним(?:ок|к(?:е|а|ом|и|ах|ов|ами)?)\b|\bселфи\b",
}
_PLACES = {
    "above": r"сверху|вверху|верхн(?:яя|ей|ий|ем|юю)\b|\bвыше\b|\bнад\b",
    "below": r"снизу|внизу|нижн(?:яя|ей|ий|ем|юю)\b|\bниже\b|\bпод\b",
    "left": r"слева|левее|\bлев(?:ой|ом) (?:част|сторон|угл|верхн|нижн)",
    "right": r"справа|правее|\bправ(?:ой|ом) (?:част|сторон|угл|верхн|нижн)",
    "middle": r"посередине|в середине|в центре|по центру",
}
_TEXT = r"надпис|\bподпис(?!чик)|текст|написан|реплик|заголов|титр|комментари|гласит"
_SHOWN = r"(?:кадр|картин|изображ|фото|сним|рисун|нарис|комикс|скрин|показан|\bвиде)"
#: text whose picture stands below it: «подпись: «…». ниже фото»
_LOWER_PICTURE = re.compile(
    rf"(?:{_TEXT}|твит)[^.]*[.:;,\s]*(?:\bниже,?\s(?:[^\s.:]+\s){{0,3}}?{_SHOWN}|\bна {_SHOWN}\w* ниже)"
)
_PANEL = r"(?:кадр|картин(?:к|ок)|изображени|панел|фото(?!граф(?:ир|и?у)|аппар)|част(?!о|иц)|фрейм|сним(?:ок|к)|слайд)"
_COUNTS = {
    1: r"\b(?:1|один|одн\w{1,3}|перв\w{2,3})\b",
    2: r"\b(?:2|два|две|двух|двум\w*|втор\w{2,3})\b",
    3: r"\b(?:3|три|тр[её]х|трем\w*|трет\w{2,4})\b",
    4: r"\b(?:4|четыр\w{1,3}|четв[её]рт\w{2,3})\b",
    5: r"\b(?:5|пять|пяти|пят\w{2,3})\b",
    6: r"\b(?:6|шесть|шести|шест\w{2,3})\b",
    7: r"\b(?:7|семь|семи|седьм\w{2,3})\b",
    8: r"\b(?:8|восемь|восьми|восьм\w{2,3})\b",
    9: r"\b(?:9|девят\w{1,3})\b",
    10: r"\b(?:10|десят\w{1,3})\b",
    12: r"\b(?:12|двенадцат\w{1,3})\b",
    20: r"\b(?:20|двадцат\w{1,3})\b",
}
#: «на первой картинке кот, на второй пёс»: what is counted is said once
_ORDINALS = {2: "втор(?:ом|ой)", 3: "третье[мй]", 4: "четв[её]рт(?:ом|ой)", 5: "пят(?:ом|ой)", 6: "шест(?:ом|ой)"}
_NO_PANEL = r"(?!\s+(?:план|ряд|этаж|мест|сторон|рук|строк|строч|раз|слов|человек))"
_NEXT = rf"следующ\w{{2,3}}\s+{_PANEL}|двух(?:панельн|кадров)"
_SENTENCE = re.compile(r"[.!?\n;]+")
_LISTED = re.compile(rf"({'|'.join(_PLACES.values())}),\s(?={'|'.join(_PLACES.values())})")


class KindsConfig(MetricConfig):
    view: View = Field("written", description="as it is written: the scene is found in it")


class Kinds(Metric[KindsConfig]):
    """Statistics of a row: of each of the three, told rightly or not, and whether there was anything to tell."""

    Config = KindsConfig
    quantities = (
        Quantity(name="kinds", label="Kind of picture", label_ru="Вид картинки", places=("table", "curve")),
        Quantity(name="kind_medium", label="Medium told", label_ru="Вид: что это", places=()),
        Quantity(name="kind_panels", label="Panels told", label_ru="Вид: сколько кадров", places=()),
        Quantity(name="kind_place", label="Place of text told", label_ru="Вид: где текст", places=()),
    )

    @property
    def signature(self) -> str:
        return "kinds|medium+panels+place|lexicon:2"

    def row(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        ours = scene(hypothesis)
        theirs = [scene(reference) for reference in references]
        return [value for told in (media, panels, places) for value in _judge(told, ours, theirs)]

    def scores(self, totals: Array) -> dict[str, Array]:
        right, there = totals[..., 0::2], totals[..., 1::2]
        names = ("kind_medium", "kind_panels", "kind_place")
        each = {name: ratio(right[..., k], there[..., k]) for k, name in enumerate(names)}
        return {"kinds": ratio(right.sum(axis=-1), there.sum(axis=-1)), **each}


def _judge(told: Callable[[str], frozenset[str]], ours: str, theirs: Sequence[str]) -> tuple[bool, bool]:
    wanted, said = [found for text in theirs if (found := told(text))], told(ours)
    return bool(said) and any(said <= one for one in wanted), bool(wanted)


def scene(caption: str) -> str:
    """What stands outside quotes, in lower case."""
    return quotes.scene(clean(caption)).lower()


def media(scene: str) -> frozenset[str]:
    """What sort of picture a scene speaks of; a comic is drawn unless it says otherwise."""
    found = {name for name, pattern in _MEDIA.items() if re.search(pattern, scene)}
    return frozenset(found - {"drawing"} if "comic" in found else found)


def panels(scene: str) -> frozenset[str]:
    """How many panels a scene counts: the highest number that stands before a word for a panel."""
    numbers = [
        number
        for number, pattern in _COUNTS.items()
        if re.search(rf"{pattern}(?:\s+\w+)?\s+{_PANEL}|\b{_PANEL}\w*\s+(?:номер\s+)?{number}\b", scene)
    ]
    if numbers:
        numbers += [n for n, word in _ORDINALS.items() if re.search(rf"\bна\s+{word}\b{_NO_PANEL}", scene)]
    if re.search(_NEXT, scene):
        numbers.append(2)
    return frozenset({str(max(numbers))}) if numbers and max(numbers) > 1 else frozenset()


def places(scene: str) -> frozenset[str]:
    """Where a scene says that text stands: in the same clause as a word for text, or above what is shown «ниже»."""
    above, rest = _LOWER_PICTURE.subn(" ", scene)[::-1]
    listed = _LISTED.sub(r"\1 и ", rest)  # «сверху, справа и снизу» is one place in three words
    clauses = [clause for sentence in _SENTENCE.split(listed) for clause in re.split(r",\s", sentence)]
    spoken = [clause for clause in clauses if re.search(_TEXT, clause)]
    found = {name for name, pattern in _PLACES.items() if any(re.search(pattern, one) for one in spoken)}
    return frozenset(found | ({"above"} if above else set()))
