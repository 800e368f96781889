"""What was read, quoted after a sentence that the layout alone supports: nothing invented.

In: a reading. Out: a text such as `твит пользователя name: "…"` or `на картинке надпись: "…"`, and its quotes.
"""

from __future__ import annotations

from memecap.quoting.matching import spoken
from memecap.quoting.quote import Quote
from memecap.quoting.tweet import find_tweet, without_watermarks
from memecap.reading.base import Line, Reading

NOTHING_READ = "картинка без надписи"
MIN_CONFIDENCE = 0.2  # lines below it are not quoted


def describe(
    reading: Reading | None,
    *,
    scene: str = "",
    min_confidence: float = MIN_CONFIDENCE,
    lower_capitals: bool = True,
) -> tuple[str, tuple[Quote, ...]]:
    """The text and its quotes; `scene` is a constant sentence before them in place of what the layout says."""
    told, lines = _scene(reading, scene, min_confidence)
    lines = [line for line in lines if line.confidence >= min_confidence]
    if not lines:
        return f"{scene or NOTHING_READ}.", ()
    quotes = tuple(Quote.of(spoken(line.said, lower_capitals=lower_capitals), [line]) for line in lines)
    text = " ".join(quote.text for quote in quotes)
    return f'{told}: "{text}".', quotes


def _scene(reading: Reading | None, scene: str, min_confidence: float) -> tuple[str, list[Line]]:
    """What the layout says the picture is, and the lines that are its text."""
    lines = list(reading.lines) if reading else []
    tweet = find_tweet(lines, reading.height) if reading and not scene else None
    if tweet:
        return f"твит пользователя {tweet.user}", tweet.lines
    lines = without_watermarks(lines)
    sure = [line for line in lines if line.confidence >= min_confidence]
    translated = bool(sure) and all(line.translation for line in sure)
    return scene or "на картинке надпись" + " на английском" * translated, lines
