"""An engine that knows the few English words of these tests."""

from __future__ import annotations

from collections.abc import Sequence

from memecap.core.config import PartConfig
from memecap.translation.base import Translator


class KnownWords(Translator):
    class Config(PartConfig):
        name: str = "tests.reliability.parts.known_words"

    def __init__(self, config: Config) -> None:
        self.config = config

    @property
    def version(self) -> str:
        return "known words 1"

    def translate(self, sentences: Sequence[str]) -> list[str]:
        return [sentence.replace("a cat sits on the mat", "кот сидит на коврике") for sentence in sentences]
