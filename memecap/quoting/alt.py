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
from memecap.quoting.blocks import APART, FURTHER, Block, blocks, places
from memecap.quoting.grades import DOUBT, Grade, grade, is_interface, leads_on, no_name, without_times
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
_SPEAKER = re.compile(r"[A-ZА-ЯЁ][\w -]{0,24}:(?:\s|$)")
_BEGINS = re.compile(r"[-–—]\s|[-–—][^\W\d]|\d{1,2}[.)]\s|\*")

Told = tuple[str, tuple[Quote, ...]]


def describe(reading: Reading | None, *, scene: str = "") -> Told:
    """What was read on a picture, in sentences; `scene` in place of what the layout says it is."""
    read = reading or Reading((), 1, 1, "")
    shown, user = _shown(read, has_scene=bool(scene))
    sentences, quotes = list[str](), list[Quote]()
    for head, lines in _voices(shown, user) if user else [(scene, shown)]:
        told, found = _regions([line for line in lines if not is_interface(line.text)], head, read)
        sentences += told
        quotes += found
    if not sentences:
        begin = [f"{capital(scene.strip(' .'))}."] if scene else []
        return " ".join([*begin, NOT_READ if any(_letters(line.text) > 3 for line in shown) else NO_TEXT]), ()
    return " ".join([*sentences, *_owned_up(shown, sentences)]), tuple(quotes)


def _shown(reading: Reading, *, has_scene: bool) -> tuple[list[Line], str]:
    """The lines that are text, and the author of a post."""
    lines = with_roles(reading.lines, reading.height)
    tweet = None if has_scene else find_tweet(lines, reading.height)
    shown = tweet.lines if tweet else [line for line in lines if line.role == "text"]
    return without_times(shown), tweet.user if tweet else ""


def _owned_up(shown: Sequence[Line], sentences: Sequence[str]) -> list[str]:
    """That a part could not be read, where that is much and was not said yet."""
    unread = [line.text for line in shown if grade(line) is Grade.UNREAD and line.confidence >= SPECK]
    is_said = any(UNREADABLE in sentence.lower() for sentence in sentences)
    return [PARTLY_READ] if sum(map(_letters, unread)) >= UNSAID and not is_said else []


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


def _regions(lines: Sequence[Line], head: str, reading: Reading) -> tuple[list[str], list[Quote]]:
    """A sentence for each block of text, and their quotes."""
    found = [part for block in blocks(list(filter(_may_be_text, lines))) if (part := _legible(block))]
    told = [(block, text) for block in found if _letters(text := block_text(block))]
    quotes = [Quote.of(quoted(text)[1:-1], _said(block)) for block, text in told]
    if len(told) >= MANY and not head:
        return [_listed(told)], quotes
    where = places([block for block, _ in told], reading.width, reading.height)
    tongue, sentences = "", list[str]()
    for (block, text), place in zip(told, where, strict=True):
        begin = place or "ниже" if sentences else head or f"Надпись {place}".strip()
        before, tongue = tongue, _tongue(block)
        begin += tongue if tongue != before else ""
        sentences.append(f"{', '.join(filter(None, [capital(begin), _doubt(block)]))}: {quoted(text)}.")
    return sentences, quotes


def _listed(told: Sequence[tuple[Block, str]]) -> str:
    """Many texts as one sentence, without their places."""
    tongues = {_tongue(block) for block, _ in told}
    said = [f"{_doubt(block)}{': ' if _doubt(block) else ''}{quoted(text)}" for block, text in told]
    return f"Надписи{tongues.pop() if len(tongues) == 1 else ''}: {'; '.join(said)}."


def block_text(block: Block) -> str:
    """A block's lines as sentences: one that was broken over lines is whole again, doubtful words are marked."""
    text, number, marks = "", 0, not _doubt(block)
    for level, run in groupby(block.lines, key=lambda line: _grade(line, block)):
        said, first, plainly = "", number, level is Grade.SURE or not marks
        for line in run:
            said = _joined(said, _as_said(line), starts=number > first and _starts(block, number))
            number += 1
        text = _joined(text, said if plainly else _marked(said, level), starts=plainly and _starts(block, first))
    return text


def _marked(said: str, level: Grade) -> str:
    """Words that may be wrong, or what stands for those that nobody read."""
    words = unmarked(said).strip(" .,;:") if level is Grade.DOUBTFUL else ""
    return f"({UNREADABLE}: {words})" if words else f"({UNREADABLE})"


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
    """Does a line begin a sentence of its own? By a dash, a number or a name before it, by its place, by a capital."""
    text, before = block.lines[number].said.strip(), block.lines[number - 1].said.strip()
    if number == 0 or before.endswith((",", "-")) or leads_on(before):
        return False
    if _BEGINS.match(text) or _speaks(text) or _SPEAKER.fullmatch(before):
        return True
    if block.gap(number) > APART:
        return text[:1].isupper() or block.gap(number) > FURTHER
    return text[:1].isupper() and not f"{text}{before}".isupper() and _may_begin(block, number)


def _speaks(text: str) -> bool:
    """Does it begin with a name and a colon? «К психотерапевту:» does not."""
    return bool(_SPEAKER.match(text)) and not leads_on(text.split()[0])


def _may_begin(block: Block, number: int) -> bool:
    """Is the capital at the beginning of a line that of a sentence, though it stands close below another line?"""
    return not block.is_full(number - 1) or no_name(block.lines[number].said)


def _grade(line: Line, block: Block) -> Grade:
    """A known word alone on its line is trusted as words are, where the lines around it are sure."""
    return grade(line, beside=any(grade(other) is Grade.SURE for other in block.lines))


def _may_be_text(line: Line) -> bool:
    """Read, or at least no speck."""
    return grade(line) is not Grade.UNREAD or (line.confidence >= SPECK and _letters(line.text) > 4)


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
    return "" if any(_grade(line, block) is Grade.SURE for line in block.lines) else UNREADABLE


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
    voices: list[tuple[str, list[Line]]] = [(f"Твит пользователя {user}", [])]
    for line in lines:
        name = HANDLE.search(line.text)
        if name and len(line.text.split()) < 6:
            voices.append((f"Пользователь {name.group(1)}", []))
        else:
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
