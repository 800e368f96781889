"""Alt: eight properties that accessibility guidance asks of a description that is read aloud.

In: texts as they are written. Out, shares 0..1 of the captions that have the property; where references do not tell
(no quotes, no feeling), a row does not count for it:
    alt_quotes      the text on the picture is quoted: of the reference's quoted words at least four in five
    alt_nothing_new little else is: of the caption's quoted words four in five; «неразборчиво» is no claim
    alt_scene       outside quotes a thing is named that is no word for text («надпись», «подпись») or its place
    alt_feeling     where a reference names a feeling, a pose or a look, the caption names one, too
    alt_first       the first sentence names who or what
    alt_order       quotes in the reference's order, and as many panels where it counts them
    alt_speakable   a capital, one full stop, no «изображение …», no shouting, addresses or loops, 60 words at most
                    outside quotes
    alt_literal     no joke is explained, no origin or belief guessed
    alt_properties  how many of those that count a caption has, their share

Source: WCAG and WAI tips (1, 5, 7), MacLeod et al. 2017 (2), Gleason et al. 2019 (3, 4), MemeCap, arXiv 2305.13703 (8);
the limits (four in five, 60 words) are ours. Limits: words are looked for, not understood; the references stand for
what is on the picture; whether a gender is guessed or seen no text tells, so it is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pydantic import Field

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, best, ratio
from memecap.metrics.kinds import panels
from memecap.metrics.overlap.content_words import scene_words
from memecap.metrics.overlap.ngrams import ngrams, shared
from memecap.text import quotes
from memecap.text.clean import clean

ENOUGH = 0.8
MAX_WORDS = 60
LOOP = 3  # times that the same three words may not stand in one caption

_TEXT_WORDS = frozenset(
    [
        "надпись", "подпись", "текст", "картинка", "изображение", "фото", "фотография", "мем", "твит",
        "пользователь", "английский", "русский", "язык", "перевод", "верх", "низ", "середина", "часть", "слово",
        "цитата", "скриншот", "скрин",
    ]
)  # fmt: skip
_DOUBT = re.compile(r"\(\s*неразборчиво[^)]*\)|неразборчиво:\s*[«\"„][^»\"“]*[»\"“]", re.IGNORECASE)
_DOUBTED = re.compile(r"[«\"][^«»\"]*[»\"]\s*\(неразборчиво\)", re.IGNORECASE)
_FEELING = re.compile(
    r"\b(?:груст|печал|весел|весёл|рад(?!и)|радост|улыб|сме[её]т|хохоч|плач|зл(?:ой|ая|о|обн|ит)|серд|гнев|удивл|испуг|"
    r"страх|боит|довол|недовол|хмур|задумч|спокой|счаст|устал|уныл|скуч|крич|ор[её]т|ухмыл|смущ|растерян|тоск|отчая|"
    r"сид[ия]т|сто[ия]т|леж[ия]т|бежит|бегут|ид[её]т|прыга|смотр|взгляд|обним|держ[ия]т|указыва|показыва|поднял|спит|"
    r"серь[её]зн|гримас|выражени|эмоци)",
    re.IGNORECASE,
)
_MEDIUM_FIRST = re.compile(r"(?:это\s+)?(?:изображени[ея]|картинка|мем|рисунок\s+с\s+изображением)\b", re.IGNORECASE)
_SHOUT = re.compile(r"\b[А-ЯЁA-Z]{2,}\b(?:\W+\b[А-ЯЁA-Z]{2,}\b)+")
_SPELLED = re.compile(r"https?:|www\.|[#*|@<>\\]|\b_+(?!\w)|(?<!\w)_|[!?,]{3,}|[\U0001f300-\U0001faff]{2,}")
_EXPLAINED = re.compile(
    r"\b(?:шутк[аеиу]\b|шутит|юмор|ирони|сарказ|высмеив|подразумева|намека|символизир|метафор|отсылк|смысл\s+(?:мема|шутк)|"
    r"смешно|забавно|автор\s+(?:хочет|имеет|мема)|"
    r"евре[йея]|негр|азиат|афроамерикан|мусульман|христиан|кавказск|цыган|русск(?:ий|ая)\s+(?:мужчин|женщин)|гей\b|лесбиян)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")

_NAMES = (
    ("alt_quotes", "Alt: text quoted", "Alt: текст процитирован"),
    ("alt_nothing_new", "Alt: nothing unread quoted", "Alt: ничего лишнего в цитатах"),
    ("alt_scene", "Alt: a scene beside the text", "Alt: есть сцена, не только текст"),
    ("alt_feeling", "Alt: feeling, pose or look", "Alt: чувство, поза или взгляд"),
    ("alt_first", "Alt: who or what comes first", "Alt: главное в начале"),
    ("alt_order", "Alt: quotes and panels in order", "Alt: порядок цитат и кадров"),
    ("alt_speakable", "Alt: can be read aloud", "Alt: можно читать вслух"),
    ("alt_literal", "Alt: literal, nothing explained", "Alt: без толкований"),
)


class AltConfig(MetricConfig):
    view: View = Field("written", description="as it is written: marks and capitals are looked at")


class Alt(Metric[AltConfig]):
    """Statistics of a row: of each of the eight, whether the caption has it, and whether the row counts for it."""

    Config = AltConfig
    quantities = (
        Quantity(name="alt_properties", label="Alt properties", label_ru="Alt: доля из восьми свойств"),
        *(Quantity(name=name, label=label, label_ru=label_ru) for name, label, label_ru in _NAMES),
    )

    @property
    def signature(self) -> str:
        return f"alt|eight properties|quotes:{ENOUGH}|words:{MAX_WORDS}|lexicon:1"

    def row(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        caption, theirs = clean(hypothesis), [clean(text) for text in references]
        found = (*_quoting(caption, theirs), *_scene(caption, theirs), _order(caption, theirs), *_wording(caption))
        return [float(bool(value)) for has, counts in found for value in (has and counts, counts)]

    def scores(self, totals: Array) -> dict[str, Array]:
        has, counts = totals[..., 0::2], totals[..., 1::2]
        each = {name: ratio(has[..., k], counts[..., k]) for k, (name, _, _) in enumerate(_NAMES)}
        return {"alt_properties": ratio(has.sum(axis=-1), counts.sum(axis=-1)), **each}


Found = tuple[bool, bool]  # the caption has it, the row counts for it


def _quoting(caption: str, theirs: Sequence[str]) -> tuple[Found, Found]:
    """Whether enough of what references quote is quoted, and whether little else is."""
    every = _quoted(_DOUBT.sub(lambda found: found[0].replace("неразборчиво", ""), caption))
    sure = _quoted(_DOUBT.sub(" ", _DOUBTED.sub(" ", caption)))
    wanted = [_quoted(text) for text in theirs]
    recall = best(wanted, lambda words: _share(every, words, of=words))
    precision = best(wanted, lambda words: _share(sure, words, of=sure))
    return (
        (_share(every, recall, of=recall) >= ENOUGH, bool(recall)),
        (not sure or _share(sure, precision, of=sure) >= ENOUGH, True),
    )


def _scene(caption: str, theirs: Sequence[str]) -> tuple[Found, Found, Found]:
    """Whether a thing is named beside the text, a feeling where there is one, and a thing in the first sentence."""
    outside = _outside(caption)
    nouns = [word.lemma for word in scene_words(caption) if word.part == "noun"]
    first = re.split(r"[.!?…]\s", outside, maxsplit=1)[0]
    felt = any(_FEELING.search(_outside(text)) for text in theirs)
    return (
        (any(noun not in _TEXT_WORDS for noun in nouns), True),
        (bool(_FEELING.search(outside)), felt),
        (any(word.part == "noun" for word in scene_words(first)), True),
    )


def _order(caption: str, theirs: Sequence[str]) -> Found:
    """Whether quotes stand in the order of a reference's, and as many panels are counted as it counts."""
    said, told = _spans(caption), _panels(caption)
    counted = [count for text in theirs if (count := _panels(text))]
    ordered = any(_in_order(said, _spans(text)) for text in theirs)
    several = any(len(_spans(text)) > 1 for text in theirs)
    return ordered and (not counted or told in counted or len(said) == int(min(counted[0]))), several or bool(counted)


def _wording(caption: str) -> tuple[Found, Found]:
    """Whether it can be read aloud, and whether it keeps to what is seen."""
    outside = _outside(caption)
    words = _WORD.findall(caption.lower())
    loops = max(ngrams(words, 3).values(), default=0) >= LOOP
    begins = next((sign for sign in caption if sign.isalnum()), "a")
    ends = bool(re.search(r"[^.]\.$|[!?…]$", caption.strip())) and ".»." not in caption and '.".' not in caption
    clear = not (_SPELLED.search(caption) or _SHOUT.search(caption) or _MEDIUM_FIRST.match(caption.strip(' «"')))
    brief = len(_WORD.findall(outside)) <= MAX_WORDS
    return (not begins.islower() and ends and clear and brief and not loops, True), (
        not _EXPLAINED.search(outside),
        True,
    )


@lru_cache(maxsize=20_000)
def _outside(text: str) -> str:
    return quotes.scene(text)


@lru_cache(maxsize=20_000)
def _panels(text: str) -> frozenset[str]:
    return panels(_outside(text).lower())


@lru_cache(maxsize=20_000)
def _spans(text: str) -> tuple[str, ...]:
    return tuple(quotes.quotes(text))


def _quoted(text: str) -> list[str]:
    return [word for span in _spans(text) for word in _WORD.findall(span.lower().replace("ё", "е"))]


def _share(ours: Sequence[str], theirs: Sequence[str], *, of: Sequence[str]) -> float:
    return shared(ngrams(ours, 1), ngrams(theirs, 1)) / len(of) if of else 0.0


def _in_order(said: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether what both quote comes in one order: by the first place of each quote's words in the other's."""
    theirs_words = [set(_WORD.findall(span.lower().replace("ё", "е"))) for span in theirs]
    places = []
    for span in said:
        words = set(_WORD.findall(span.lower().replace("ё", "е")))
        shares = [len(words & other) / max(1, min(len(words), len(other))) for other in theirs_words]
        if shares and max(shares) >= 0.5:
            places.append(shares.index(max(shares)))
    return bool(places) and places == sorted(places)
