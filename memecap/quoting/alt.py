"""Alt text worth hearing: what stands on a picture, or a captioner's description, as a screen reader reads it out.

In: a reading, or a caption with its reading. Out: whole sentences and their quotes. Quotes stand between « and », texts
of different places apart; a post is its author's words, without likes and times; doubt is said («неразборчиво»), and
so is text that is there and could not be read. No word is added to what was read.

Source: the eight properties of a description that accessibility guidance asks for (`metrics/alt.py`); blind people
trust captions too far, so doubt is put into words (MacLeod et al. 2017).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from memecap.quoting.aloud import UNREADABLE, aloud, capital, plain, quoted
from memecap.quoting.blocks import APART, Block, blocks, places
from memecap.quoting.grades import DOUBT, Grade, grade, is_interface, leads_on, no_name
from memecap.quoting.matching import find
from memecap.quoting.quote import Quote
from memecap.quoting.slots import bare
from memecap.quoting.tweet import find_tweet
from memecap.reading.base import Line, Reading
from memecap.reading.engine.roles import HANDLE, with_roles
from memecap.text.clean import clean
from memecap.text.quotes import spans, unmarked

NO_TEXT = "Текста на картинке не найдено."
NOT_READ = "Текст прочитать не удалось."
PARTLY_READ = "Часть текста прочитать не удалось."
MANY = 7  # blocks from which places are noise
SPECK = 0.1  # confidence below which a line may be no text at all
UNSAID = 14  # letters in lines that are not said, from which that is said

_ENDED = (".", "!", "?", "…", ":", ";", ",", "—")
_SPEAKER = re.compile(r"[^\W\d_][\w -]{0,24}:(?:\s|$)")
_BEGINS = re.compile(r"[-–—]\s|[-–—][^\W\d]|\d{1,2}[.)]\s|\*")

Told = tuple[str, tuple[Quote, ...]]


def describe(reading: Reading | None, *, scene: str = "") -> Told:
    """What was read on a picture, in sentences; `scene` in place of what the layout says it is."""
    lines = with_roles(reading.lines, reading.height) if reading else []
    tweet = find_tweet(lines, reading.height) if reading and not scene else None
    shown = tweet.lines if tweet else [line for line in lines if line.role == "text"]
    voices = _voices(shown, tweet.user) if tweet else [("", [line for line in shown if not is_interface(line.text)])]
    sentences, quotes = list[str](), list[Quote]()
    for number, (user, said) in enumerate(voices):
        head = scene or ("" if not user else f"Твит пользователя {user}" if number == 0 else f"Пользователь {user}")
        told, found = _regions(said, head, reading)
        sentences += told
        quotes += found
    unsaid = sum(_letters(line.text) for line in shown if grade(line) is Grade.UNREAD and line.confidence >= SPECK)
    if not sentences:
        begin = f"{capital(scene.strip(' .'))}. " if scene else ""
        return begin + (NOT_READ if any(_letters(line.text) > 3 for line in shown) else NO_TEXT), ()
    ending = [PARTLY_READ] if unsaid >= UNSAID and UNREADABLE not in "".join(sentences) else []
    return " ".join([*sentences, *ending]), tuple(quotes)


def retell(text: str, reading: Reading | None) -> Told:
    """A captioner's words as sentences; what it quotes and nobody read is marked, and so is what was read in doubt."""
    text, end, told, quotes = clean(text), 0, "", list[Quote]()
    for span, quote in zip(spans(text), find(text, reading), strict=True):
        said, is_doubtful = _requoted(text[span.start : span.end], quote, reading)
        if any(sign.isalnum() for sign in said):
            told += f"{plain(text[end : span.opened])}{said}{f' ({UNREADABLE})' if is_doubtful else ''}"
            quotes.append(replace(quote, text=said[1:-1]))
            end = span.closed
    told = _sentences(told + plain(text[end:]))
    return (told, tuple(quotes)) if told else describe(reading)


def _requoted(words: str, quote: Quote, reading: Reading | None) -> tuple[str, bool]:
    """What a caption quotes, between « and », and whether all of it is doubtful.

    Where it is lines as they were read, their places tell where sentences end, and their confidence what is doubtful.
    """
    lines = [line for line in (reading.lines if reading else ()) if bare(line.said) and bare(line.said) in bare(words)]
    if not lines or bare(" ".join(line.said for line in lines)) != bare(words):
        return quoted(aloud(words)), reading is not None and (quote.confidence is None or quote.confidence < DOUBT)
    found, text = blocks(lines), ""
    for block in found:
        text = _joined(text, block_text(block), starts=True)
    return quoted(text), len(found) == 1 and bool(_doubt(found[0]))


def _regions(lines: Sequence[Line], head: str, reading: Reading | None) -> tuple[list[str], list[Quote]]:
    """A sentence for each block of text, and their quotes."""
    assert reading is not None
    legible = [line for line in lines if grade(line) is not Grade.UNREAD or _may_be_text(line)]
    found = [part for block in blocks(legible) if (part := _legible(block))]
    told = [(block, text) for block in found if _letters(text := block_text(block))]
    where = places([block for block, _ in told], reading.width, reading.height)
    quotes = [Quote.of(quoted(text)[1:-1], _said(block)) for block, text in told]
    tongues = [_tongue(block) for block, _ in told]
    if len(told) >= MANY and not head:
        listed = "; ".join(f"{_doubt(block)}{quoted(text)}" for block, text in told)
        return [f"Надписи{tongues[0] if len(set(tongues)) == 1 else ''}: {listed}."], quotes
    sentences = []
    for number, ((block, text), place) in enumerate(zip(told, where, strict=True)):
        begin = (head or f"Надпись {place}".strip()) if number == 0 else place or "ниже"
        tongue = tongues[number] if number == 0 or tongues[number] != tongues[number - 1] else ""
        doubt = f", {UNREADABLE}" if _doubt(block) else ""
        sentences.append(f"{capital(begin)}{tongue}{doubt}: {quoted(text)}.")
    return sentences, quotes


def block_text(block: Block) -> str:
    """A block's lines as sentences: one that was broken over lines is whole again, doubtful words are marked."""
    text, number, marked = "", 0, not _doubt(block)
    for level, run in groupby(block.lines, key=lambda line: _grade(line, block)):
        said, first = "", number
        for line in run:
            said = _joined(said, _as_said(line), starts=number > first and _starts(block, number))
            number += 1
        if level is not Grade.SURE and marked:
            words = unmarked(said).strip(" .,;:")
            said = f"({UNREADABLE}: {words})" if level is Grade.DOUBTFUL and words else f"({UNREADABLE})"
        text = _joined(text, said, starts=bool(text) and _starts(block, first) and (level is Grade.SURE or not marked))
    return text


def _joined(text: str, following: str, *, starts: bool) -> str:
    """Two pieces as one text: a new sentence, or the same one, whose word may have been broken."""
    if not text or not following:
        return text or following
    if starts:
        return f"{text}{'' if text.endswith(_ENDED) else '.'} {capital(following)}"
    if text.endswith("-") and text[-2:-1].isalpha():
        return text + following
    return f"{text} {following}"


def _starts(block: Block, number: int) -> bool:
    """Does a line begin a sentence of its own? By its place, by a dash, a number or a name before it, by a capital."""
    line, before = block.lines[number], block.lines[number - 1]
    text = line.said.strip()
    if before.text.rstrip().endswith((",", "-")) or leads_on(before.text):
        return False
    if _BEGINS.match(text) or (_SPEAKER.match(text) and text[:1].isupper()) or _SPEAKER.fullmatch(before.text.strip()):
        return True
    is_set = text.isupper() or before.text.isupper()
    is_capital = text[:1].isupper() and not is_set
    if block.gap(number) > APART:
        return is_capital or is_set or block.gap(number) > 1.4 * APART
    return is_capital and (not block.is_full(number - 1) or no_name(text))


def _grade(line: Line, block: Block) -> Grade:
    """A known word alone on its line is trusted as words are, where the lines around it are sure."""
    return grade(line, beside=any(grade(other) is Grade.SURE for other in block.lines))


def _may_be_text(line: Line) -> bool:
    """Not read, and no speck either."""
    return line.confidence >= SPECK and _letters(line.text) > 4


def _legible(block: Block) -> Block | None:
    """A block without specks: lines that were not read count where they are as long as text is."""
    levels = [_grade(line, block) for line in block.lines]
    said = [number for number, level in enumerate(levels) if level is not Grade.UNREAD]
    if not said:
        return None
    sure = any(level is Grade.SURE for level in levels)
    box = Block(tuple(block.lines[number] for number in said)).box
    wide = [line.box[2] - line.box[0] > 0.4 * (box[2] - box[0]) for line in block.lines]
    return Block(tuple(line for n, line in enumerate(block.lines) if n in said or (sure and wide[n])))


def _doubt(block: Block) -> str:
    """What is said before a block of which nothing is sure."""
    return "" if any(_grade(line, block) is Grade.SURE for line in block.lines) else f"{UNREADABLE}: "


def _said(block: Block) -> list[Line]:
    return [line for line in block.lines if _grade(line, block) is not Grade.UNREAD]


def _as_said(line: Line) -> str:
    return aloud(line.said, language="ru" if line.translation else line.language)


def _tongue(block: Block) -> str:
    """What language a text is in, where it is not Russian, and whether it is translated."""
    lines = _said(block)
    if any(line.language != "en" for line in lines):
        return ""
    return " на английском" + (", в переводе" if all(line.translation for line in lines) else "")


def _voices(lines: Sequence[Line], user: str) -> list[tuple[str, list[Line]]]:
    """What each author of a post and its answers says; a line with a further @name is its author's."""
    voices: list[tuple[str, list[Line]]] = [(user, [])]
    for line in lines:
        name = HANDLE.search(line.text)
        if name and len(line.text.split()) < 6:
            voices.append((name.group(1), []))
        elif not is_interface(line.text):
            voices[-1][1].append(line)
    return voices


def _sentences(text: str) -> str:
    """A description with capitals where sentences begin and one full stop at the end."""
    text = re.sub(" +", " ", text).strip(" ,;:—-")
    text = re.sub(r"»\s*([.,;:!?…])[.,;…]*", r"»\1", text)
    text = re.sub(r"(?<=[.!?] )[^\W\d_]", lambda found: found[0].upper(), text)
    return f"{capital(text.rstrip('.'))}{'' if text.endswith(('!', '?', '…')) else '.'}" if _letters(text) else ""


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in text)
