"""What a line of a meme really says, where a reading of it and the description agree but for some letters."""

from __future__ import annotations

_MOST = 0.25  # edits a letter up to which the two are taken to be the same line


def agreed(read: str, description: str) -> str | None:
    """The line with the description's letters and the reading's capitals and marks; None where they do not agree.

    Args:
        read: a line in the alphabet, as a recogniser read it.
        description: the text, in the alphabet, that quotes the line somewhere.
    """
    if sum(map(str.isalnum, read)) < 2 or not _share_a_word(read, description):
        return None
    steps, edits = _aligned(_plain(read), _plain(description))
    letters = sum(map(str.isalnum, read))
    if edits > _MOST * letters or (letters < 6 and edits > 0):
        return None
    capitals = sum(map(str.isupper, read)) > 0.6 * sum(map(str.isalpha, read))
    made = []
    for own, other in steps:
        heard = description[other] if other is not None else ""
        seen = read[own] if own is not None else ""
        if own is not None and other is not None and _plain(seen) == _plain(heard):
            made.append(seen)
        elif heard.isalnum() or (heard == " " and own is None):
            made.append(heard.upper() if capitals else heard)
        elif seen and not seen.isalnum():
            made.append(seen)
    return " ".join("".join(made).split())


def _plain(text: str) -> str:
    return text.lower().replace("ё", "е")


def _share_a_word(read: str, description: str) -> bool:
    known = set(_words(description))
    return any(word in known for word in _words(read))


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in _plain(text)).split()


def _aligned(line: str, text: str) -> tuple[list[tuple[int | None, int | None]], int]:
    """The stretch of a text nearest to a line: pairs of places, one missing where a letter is extra, and the edits."""
    rows = [[0] * (len(text) + 1)]
    for place, letter in enumerate(line, start=1):
        above, row = rows[-1], [place]
        for other, own in enumerate(text, start=1):
            row.append(min(above[other] + 1, row[other - 1] + 1, above[other - 1] + (letter != own)))
        rows.append(row)
    end = min(range(len(text) + 1), key=rows[-1].__getitem__)
    steps: list[tuple[int | None, int | None]] = []
    place, other = len(line), end
    while place:
        if other and rows[place][other] == rows[place - 1][other - 1] + (line[place - 1] != text[other - 1]):
            place, other = place - 1, other - 1
            steps.append((place, other))
        elif rows[place][other] == rows[place - 1][other] + 1:
            place -= 1
            steps.append((place, None))
        else:
            other -= 1
            steps.append((None, other))
    edits = sum(
        own is None or at is None or line[own] != text[at]
        for own, at in steps
        if not (own is not None and not line[own].isalnum() and (at is None or not text[at].isalnum()))
    )
    return steps[::-1], edits
