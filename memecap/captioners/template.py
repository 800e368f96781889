"""What was read, quoted after a sentence that the layout alone supports: no training, no picture, nothing invented.

In: readings. Out: captions such as `твит пользователя name: "…"` or `на картинке надпись: "…"`. It is what
`memecap caption` uses until a model is named, and a floor in every table of scores.
"""

from __future__ import annotations

from pydantic import Field

from memecap.captioners.base import Captioner, Readings
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.quoting.matching import spoken
from memecap.quoting.quote import Quote
from memecap.quoting.tweet import find_tweet, without_watermarks
from memecap.reading.base import Line, Reading

NOTHING_READ = "картинка без надписи"


class Template(Captioner):
    """One caption a picture, from its reading only."""

    class Config(PartConfig):
        name: str = "template"
        scene: str = Field(
            "", description="a constant sentence before the quote, such as «на картинке надпись»; empty: by the layout"
        )
        min_confidence: float = Field(0.2, ge=0, le=1, description="lines below it are not quoted")
        lower_capitals: bool = Field(True, description="quote lines of CAPITALS in lower case")

    def __init__(self, config: Template.Config) -> None:
        super().__init__()
        self.config: Template.Config = config

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        return [[self._describe(reading)] for reading in readings]

    def _describe(self, reading: Reading | None) -> Caption:
        scene, lines = self._scene(reading)
        lines = [line for line in lines if line.confidence >= self.config.min_confidence]
        if not lines:
            return Caption(text=f"{self.config.scene or NOTHING_READ}.")
        capitals = self.config.lower_capitals
        quotes = tuple(Quote.of(spoken(line.said, lower_capitals=capitals), [line]) for line in lines)
        text = " ".join(quote.text for quote in quotes)
        return Caption(text=f'{scene}: "{text}".', quotes=quotes)

    def _scene(self, reading: Reading | None) -> tuple[str, list[Line]]:
        """What the layout says the picture is, and the lines that are its text."""
        lines = list(reading.lines) if reading else []
        tweet = find_tweet(lines, reading.height) if reading and not self.config.scene else None
        if tweet:
            return f"твит пользователя {tweet.user}", tweet.lines
        lines = without_watermarks(lines)
        sure = [line for line in lines if line.confidence >= self.config.min_confidence]
        translated = bool(sure) and all(line.translation for line in sure)
        return self.config.scene or "на картинке надпись" + " на английском" * translated, lines
