"""Engines to translate with."""

from __future__ import annotations

from pathlib import Path

from memecap.core import config
from memecap.translation.base import Translator


def translator_of(folder: Path, **settings: object) -> Translator:
    made: Translator = config.build("translation", {"name": "marian", "model": str(folder), **settings})
    return made
