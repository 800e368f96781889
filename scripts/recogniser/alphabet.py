"""What the recogniser can write: the characters, one class each, and how other characters are brought to them."""

from __future__ import annotations

_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_UKRAINIAN = "іїєґ"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_MARKS = " .,!?:;-—«»\"'()/%+=*#№@&_$₽€<>[]~^|°•"
ALPHABET = "".join(
    [_RUSSIAN, _RUSSIAN.upper(), _UKRAINIAN, _UKRAINIAN.upper(), _LATIN, _LATIN.upper(), "0123456789", _MARKS]
)
_SAME = {
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‘’‚`´ʼ", "'"),
    **dict.fromkeys("–―−", "—"),
    **dict.fromkeys("\u00a0\u202f\u2009\t\n", " "),
    **dict.fromkeys("‐‑", "-"),
    "…": "...",
    "×": "x",
    "·": "•",
    "∙": "•",
}
_KNOWN = frozenset(ALPHABET)


def written(text: str) -> str:
    """The text in the alphabet: look-alikes replaced, unknown characters (emoji) dropped, spaces single."""
    replaced = "".join(_SAME.get(character, character) for character in text)
    return " ".join("".join(character for character in replaced if character in _KNOWN).split())


def classes(text: str) -> list[int]:
    """Class numbers of a text in the alphabet; class 0 is CTC's blank."""
    return [_CLASS[character] for character in text]


def text_of(numbers: list[int]) -> str:
    """The text of class numbers, none of them the blank."""
    return "".join(ALPHABET[number - 1] for number in numbers)


_CLASS = {character: number for number, character in enumerate(ALPHABET, start=1)}
