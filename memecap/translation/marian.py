"""Marian models (OPUS-MT) on CTranslate2: the default engine, on the CPU in 8-bit integers.

In: English sentences. Out: Russian ones. The default, Helsinki-NLP/opus-mt-tc-big-en-zle (CC-BY-4.0), knows several
East Slavic languages and takes the wanted one as the first token, `>>rus<<`; a model for one language takes none.
Source: the files of a Marian model in transformers (source.spm, target.spm, vocab.json); OPUS-MT, arXiv 2212.01936.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pydantic import Field

from memecap.core import storage
from memecap.errors import DataError
from memecap.translation.base import Translator
from memecap.translation.runtime import ctranslate2

_VOCABULARIES = ("vocab.json", "shared_vocabulary.json", "source_vocabulary.json")


class Settings(ctranslate2.EngineConfig):
    name: str = "marian"
    model: str = Field("Helsinki-NLP/opus-mt-tc-big-en-zle", description="a Marian folder or Hub id")
    target: str = Field("rus", description="ISO 639-3 code of the target, for a model of several languages")


class MarianTranslator(Translator):
    """English → Russian by a Marian model."""

    Config = Settings

    def __init__(self, config: Settings) -> None:
        self.config = config
        self._run = ctranslate2.Runner(config, "source.spm", "target.spm")
        self._prefix = _target_token(self._run.folder, config.target)

    @cached_property
    def version(self) -> str:
        return f"marian {self._run.version} {''.join(self._prefix)}".rstrip()

    def translate(self, sentences: Sequence[str]) -> list[str]:
        return self._run.translate(sentences, begin=self._prefix)


def _target_token(folder: Path, language: str) -> list[str]:
    """The first source token of a model of several target languages; nothing for a model of one."""
    path = next((folder / name for name in _VOCABULARIES if (folder / name).is_file()), None)
    if path is None:
        raise DataError("no vocab.json there", where=folder, fix="Give a Marian model in the format of transformers.")
    targets = [token for token in storage.read_json(path) if token.startswith(">>") and token.endswith("<<")]
    if not targets:
        return []
    if f">>{language}<<" not in targets:
        what = f"the model does not translate into {language!r}"
        raise DataError(what, where=path, fix=f"Set target to one of {targets}.")
    return [f">>{language}<<"]
