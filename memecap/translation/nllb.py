"""NLLB-200 on CTranslate2: one model for 200 languages; its weights are for non-commercial use only.

In: sentences in the source language. Out: the target language. The source begins with the name of its language and ends
with `</s>`; the target is forced to begin with the name of its own.
Source: arXiv 2207.04672; the files of an NLLB model in transformers (sentencepiece.bpe.model, tokenizer.json).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from pydantic import Field

from memecap.translation.base import Translator
from memecap.translation.runtime import ctranslate2

_PIECES = "sentencepiece.bpe.model"


class Settings(ctranslate2.EngineConfig):
    name: str = "nllb"
    model: str = Field("facebook/nllb-200-distilled-600M", description="an NLLB folder or Hub id")
    source: str = Field("eng_Latn", description="language of the sentences, in NLLB's own codes")
    target: str = Field("rus_Cyrl", description="language to translate into, in NLLB's own codes")


class NllbTranslator(Translator):
    """English → Russian, or any other pair of NLLB's languages."""

    Config = Settings

    def __init__(self, config: Settings) -> None:
        self.config = config
        self._run = ctranslate2.Runner(config, _PIECES, _PIECES)

    @cached_property
    def version(self) -> str:
        return f"nllb {self._run.version} {self.config.source}>{self.config.target}"

    def translate(self, sentences: Sequence[str]) -> list[str]:
        return self._run.translate(sentences, begin=[self.config.source], target=self.config.target)
