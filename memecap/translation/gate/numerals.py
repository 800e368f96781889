"""Numbers of an English sentence in its Russian translation: as digits, as words, as a Roman numeral, as a decade.

In: two texts. Out: whether a number of the first is missing from the second. "20 people" may be «двадцать человек», the
"1950s" «50-х» or «пятидесятых», the "19th century" «XIX век», "5 pm" «17 часов», "10,000" «10 тысяч». Numerals are told
by their beginnings, so that every case, ordinal and compound («двадцатипятилетний») counts.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

_NUMBER = re.compile(r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?!\d)|\d+")
_DECADE = re.compile(r"(\d+)['’]?s\b")
_EVENING = re.compile(r"(\d+)(?::\d\d)? ?p\.?m\b", re.IGNORECASE)
_ZEROS = re.compile(r"(?<=\d)[:.,]00\b")  # "9:00", "$10.00"
_ONE = re.compile(r"(?<![#\d.,:/])(?<!number )\b1 (?=[a-z])")  # "1 man" is «мужчина»
_LONGEST = 9  # digits of a number that anybody writes in words
_ROMAN = re.compile(r"\b[IVX]+\b")
_ROMAN_LOOKALIKES = str.maketrans("ХІ", "XI")  # «ХIХ век» is often typed with Cyrillic letters

_UNITS = (
    r"нол\w+|нул\w+",
    r"од(?:ин|н[аоуи]|ной|ного|ному|ним|ном|них|ними)\b|перв\w+|раз\b|един\w+|одино\w+|одно\w+",
    r"дв(?:а|е|ое)\b|дву\w+|дво(?:и|й)\w+|дважды|втор\w+|об[ае]\b|обо(?:е|и[хм]|ими)\b|обе(?:и[хм]|ими)\b"
    r"|пар(?:а|ы|е|у|ой|очк\w+)\b|вдвоём|вдвоем",
    r"три\b|тр(?:ое|[её]м|емя|ижды)\b|тр[её]х\w*|тро(?:и|й)\w+|трет\w+|втро[её]м",
    r"четыр(?!надц|ест|[её]хсот)\w+|четв[её]р\w+|вчетвером",
    r"пят(?:ь|и|е|ы|о|а|у)(?!десят|сот)\w*|впятером",
    r"шест(?:ь|и|е|ы|о|а|у)(?!десят|сот)\w*|вшестером",
    r"семь\b|семью\b|семи(?!десят|сот|нар)\w*|семер\w+|седьм\w+",
    r"восемь\b|восьм(?!идесят|исот)\w+|восемью\b",
    r"девят(?!надцат|исот|ьсот)\w+",
    r"десят\w+",
    r"одиннадцат\w+",
    r"двенадцат\w+|дюжин\w+",
    *(rf"{stem}надцат\w+" for stem in ("три", "четыр", "пят", "шест", "сем", "восем", "девят")),
)
_TENS = {
    20: r"двадцат\w*?", 30: r"тридцат\w*?", 40: r"сорок\w*?", 50: r"пят[ьи]десят\w*?|полсотн\w",
    60: r"шест[ьи]десят\w*?", 70: r"сем[ьи]десят\w*?", 80: r"вос(?:емь|ьми)десят\w*?", 90: r"девяност\w*?",
}  # fmt: skip
_HUNDREDS = {
    100: r"ст[оа]|стометр\w*?|столет\w*?|сот\w*?", 200: r"двест\w|двухсот\w*?", 300: r"триста|тр[её]хсот\w*?",
    400: r"четырест\w|четыр[её]хсот\w*?", 500: r"пят[ьи]сот\w*?", 600: r"шест[ьи]сот\w*?", 700: r"сем[ьи]сот\w*?",
    800: r"вос(?:емь|ьми)сот\w*?", 900: r"девят[ьи]сот\w*?",
}  # fmt: skip
_BETWEEN = r"[\s-]*"


def lost_number(source: str, translation: str) -> bool:
    """Whether a number written in digits in the source has no counterpart in the translation."""
    needed, there = _NUMBER.findall(source), _NUMBER.findall(translation)
    if needed == there:
        return False
    digits = Counter(map(_digits, there))
    missing = Counter(map(_digits, _NUMBER.findall(_ONE.sub("", _ZEROS.sub("", source))))) - digits
    decades, evenings = set(_DECADE.findall(source)), set(_EVENING.findall(source))
    lower = translation.lower()
    if any(len(number) > _LONGEST for number in missing):
        return True
    return not all(
        _is_said(number, lower)
        or _is_roman(number, translation)
        or (number in decades and _is_decade(number, digits, lower))
        or (number in evenings and str(int(number) + 12) in digits)
        for number in missing
    )


def _is_said(number: str, lower: str) -> bool:
    value = int(number)
    if value and not value % 10**6:
        return re.search(r"\bмлн\b|\bмиллион", lower) is not None
    if str(value) != number or value >= 10**6:
        return False
    thousands = value // 1000
    if thousands and not value % 1000 and re.search(rf"\b{thousands}{_BETWEEN}тыс", lower):
        return True
    return re.search(_words(value), lower) is not None


@cache
def _words(value: int) -> str:
    """The pattern of a number's words, below a million."""
    thousands, rest = divmod(value, 1000)
    parts = []
    if thousands:
        said = f"(?:{_below_1000(thousands)}){_BETWEEN}"
        parts.append((f"(?:{said})?" if thousands == 1 else said) + r"тысяч\w*?")
    if rest or not thousands:
        parts.append(f"(?:{_below_1000(rest)})")
    return rf"\b{_BETWEEN.join(parts)}\b"


def _below_1000(value: int) -> str:
    hundreds, rest = value - value % 100, value % 100
    tens, units = (rest - rest % 10, rest % 10) if rest >= 20 else (0, rest)
    parts = [table[number] for table, number in ((_HUNDREDS, hundreds), (_TENS, tens)) if number]
    if units or not parts:
        parts.append(_UNITS[units])
    return _BETWEEN.join(f"(?:{part})" for part in parts)


def _is_roman(number: str, translation: str) -> bool:
    tens, units = divmod(int(number), 10)
    if tens >= 4:
        return False
    roman = "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[units]
    return roman in _ROMAN.findall(translation.translate(_ROMAN_LOOKALIKES))


def _is_decade(number: str, digits: Counter[str], lower: str) -> bool:
    """The "1950s" as «50-х» or «пятидесятых», the "50s" as «1950-х», the "1900s" as a century."""
    short = number[-2:]
    if any(other[-2:] == short for other in digits) or re.search(_words(int(short)), lower):
        return True
    return short == "00" and re.search(r"\bвек|\bстолети|нулев|тысячн", lower) is not None


def _digits(number: str) -> str:
    """A number without its thousands' separators."""
    return number if number.isdigit() else re.sub(r"\D", "", number)
