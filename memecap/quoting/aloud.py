"""Text of a picture as a screen reader should say it: sentence case, inner quotes as „…“, no sign that it spells out.

In: a line or a text as it was read. Out: the same words in the same order; none is replaced but a digit that can only
be a preposition, and Cyrillic letters of an English word.
"""

from __future__ import annotations

import re

from memecap.reading.engine.words import CYRILLIC, is_known, morphology
from memecap.text.clean import clean
from memecap.text.quotes import spans, unmarked

UNREADABLE = "неразборчиво"
MOSTLY = 0.7  # of a line's letters, from which capitals are how it is set and not how it is written

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SPELLED = re.compile(r"[*_|~^\\{}\[\]#•·©®™@`]+")  # a screen reader names each of them
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_INFLECTED = re.compile(r"[А-ЯЁ]{2,}[а-яё]{1,2}$")  # МКАДе
_NEW_SENTENCE = re.compile(r"(?:(?<=[!?] )|(?<=\w{3}\. ))[^\W\d_]")
_DIGIT = re.compile(r"(?<!\S)([068])(?= ([А-ЯЁа-яё]{3,}))")
_INITIALS = re.compile(r"\.\s?[A-ZА-ЯЁ][a-zа-яё.]")
_PICTOGRAPHS = re.compile(r"([\u2600-\u27bf\U0001f000-\U0001faff]\ufe0f?)(?:\s*\1)+")
_MARKS = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\s+([.,:;!?…)])"), r"\1"),
    (re.compile(r"\.{2,}|[.,]*…[.…,]*"), "…"),
    (re.compile(r"[?!]{3,}"), lambda found: "?!" if len(set(found[0])) == 2 else found[0][0]),
    (re.compile(r"([!?,;:])\1+"), r"\1"),
    (re.compile(r"[,;:]+([.!?…])"), r"\1"),
    (re.compile(r"-{2,}"), "—"),
    (re.compile(r"(?<!\S)[-–](?!\S)|(?<!\S)[-–](?=[^\W\d])"), "— "),
    (re.compile(r"([,;:])(?=[^\W\d_])"), r"\1 "),
    (re.compile(r" +"), " "),
)
_LEADING = re.compile(r"^[\s.,;:!?)/=+'’-]+(?=\s|\w)")
_LOOKALIKES = str.maketrans("АВЕКМНОРСТХаеорсух", "ABEKMHOPCTXaeopcyx")  # Cyrillic, of a line in English


def aloud(text: str, *, language: str = "ru") -> str:
    """A line as it is said: its words, without what only the eye needs."""
    text = _URL.sub(" ", clean(text))
    text = _PICTOGRAPHS.sub(r"\1", _SPELLED.sub(" ", text))
    text = _LEADING.sub("", without_smileys(text).strip())
    text = _WORD.sub(_latin, text) if language == "en" else _DIGIT.sub(_as_preposition, text)
    return tidy(sentence_case(text)).strip()


def tidy(text: str) -> str:
    """Marks of punctuation once each, next to their words."""
    for pattern, said in _MARKS:
        text = pattern.sub(said, text)
    return text


def plain(text: str) -> str:
    """What a description says outside its quotes; the spaces at its ends stay."""
    return tidy(unmarked(_SPELLED.sub("", _URL.sub("", text))))


def sentence_case(text: str) -> str:
    """CAPITALS as small letters, but for abbreviations and for names that the dictionary takes for nothing else."""
    letters = [character for character in text if character.isalpha()]
    is_set = len(letters) > 1 and sum(letter.isupper() for letter in letters) > MOSTLY * len(letters)
    return _WORD.sub(lambda word: word[0] if _is_initials(word) else _lowered(word[0], is_set), text)


def nested(text: str) -> str:
    """A text that can stand between « and »: the quotes in it become „…“, marks without a partner go."""
    said, end = "", 0
    for span in spans(text):
        said += unmarked(text[end : span.opened]) + f"„{unmarked(text[span.start : span.end]).strip(' .')}“"
        end = span.closed
    return said + unmarked(text[end:])


def capital(text: str) -> str:
    """With a capital where the first word begins."""
    place = next((place for place, sign in enumerate(text) if sign.isalnum()), None)
    return text if place is None else text[:place] + text[place].upper() + text[place + 1 :]


def quoted(text: str) -> str:
    """A text between « and », with capitals where sentences begin, without the full stop that follows them."""
    text = nested(text).strip(" ,;—")
    if text[:1] + text[-1:] == "„“" and text.count("„") == 1:
        text = text[1:-1].strip()
    text = _NEW_SENTENCE.sub(lambda found: found[0].upper(), text)
    return f"«{capital(text[:-1] if text.endswith('.') else text).strip()}»"


def without_smileys(text: str) -> str:
    """A text without brackets that have no partner, and what stands among them: «да)0))»."""
    kept, opened = list(text), list[int]()
    for place, sign in enumerate(text):
        if sign == "(":
            opened.append(place)
        elif sign == ")":
            if opened and opened[-1] < place - 1:
                opened.pop()
            else:
                kept[place] = "\0"
    for place in opened:
        kept[place] = "\0"
    return re.sub(r"\s*\0[\0\s0]*\0|\s*\0", " ", "".join(kept))


def _is_initials(word: re.Match[str]) -> bool:
    return (
        len(word[0]) < 3
        and word[0].isupper()
        and bool(re.match(r"\.\s?[A-ZА-ЯЁ][a-zа-яё.]", word.string[word.end() :]))
    )


def _as_preposition(found: re.Match[str]) -> str:
    """«6 конце» is «в конце» misread: a number stands before no word that can only be in the locative."""
    cases = {parse.tag.case for parse in morphology().parse(found[2].lower())}
    is_read = "loct" not in cases or cases & {"nomn", "gent", "accs"}
    return found[1] if is_read else "о" if found[1] == "0" else "в"


def _latin(word: re.Match[str]) -> str:
    """A word of an English line in Latin letters, where each Cyrillic one of it looks like one of those."""
    said = word[0].translate(_LOOKALIKES)
    return word[0] if CYRILLIC.search(said) else said


def _lowered(word: str, is_set: bool) -> str:
    """A word of a line that is set in capitals, or one of another that wears them by itself."""
    if not any(letter.isupper() for letter in word[1:]):
        return word.lower() if is_set and len(word) == 1 and word != "I" else word
    if not CYRILLIC.search(word):
        return word.lower() if word.isupper() and (is_set or is_known(word.lower())) else word
    return word if _INFLECTED.match(word) else _known_as(word)


def _known_as(word: str) -> str:
    """A Russian word in CAPITALS: an abbreviation or a name, where the dictionary knows nothing else; or small."""
    kinds = [set(parse.tag.grammemes) for parse in morphology().parse(word.lower())]
    if word.isupper() and len(word) < 6 and kinds and all("Abbr" in kind for kind in kinds):
        return word
    is_name = is_known(word.lower()) and all(kind & {"Name", "Surn", "Patr", "Geox"} for kind in kinds)
    return word.capitalize() if is_name else word.lower()
