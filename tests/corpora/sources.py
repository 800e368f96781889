"""What a source's part yields, from files written here."""

from __future__ import annotations

from pathlib import Path

from memecap.corpora.base import Item, Source


def items(part: type[Source], **settings: object) -> list[Item]:
    return list(part(part.Config(**settings)).items())


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
