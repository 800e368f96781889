"""What was read, quoted after a sentence that the layout alone supports: no training, no picture, nothing invented.

In: readings. Out: captions such as `твит пользователя name: "…"` or `на картинке надпись: "…"`. It is what
`memecap caption` uses until a model is named, and a floor in every table of scores.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from memecap.captioners.base import Captioner, Readings
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.quoting import alt, template
from memecap.reading.base import Reading


class Template(Captioner):
    """One caption a picture, from its reading only."""

    class Config(PartConfig):
        name: str = "template"
        scene: str = Field(
            "", description="a constant sentence before the quote, such as «на картинке надпись»; empty: by the layout"
        )
        min_confidence: float = Field(template.MIN_CONFIDENCE, ge=0, le=1, description="lines below it are not quoted")
        lower_capitals: bool = Field(True, description="quote lines of CAPITALS in lower case")

    def __init__(self, config: Template.Config) -> None:
        super().__init__()
        self.config: Template.Config = config

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        said = self.config.model_dump(exclude={"name"})
        return [[Caption(*template.describe(reading, **said))] for reading in readings]

    def alt(self, caption: Caption, reading: Reading | None) -> Caption:
        text, quotes = alt.describe(reading, scene=self.config.scene)
        return replace(caption, text=text, quotes=quotes)
