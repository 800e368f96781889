"""The card tells what a corpus holds, whose it is and what was left out; what people write on it stays."""

from __future__ import annotations

from pathlib import Path

import yaml

from memecap.core import manifest, storage
from memecap.corpora.build.build import build
from memecap.corpora.memes import Memes, Settings


def test_the_card(corpus: manifest.Corpus, meme_tables: Path, tmp_path: Path) -> None:
    text = (corpus.folder / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    assert head["license_name"] == "of their authors"
    assert "| train | 6 | 6 | 6 |" in text
    assert storage.sha256_file(corpus.folder / "train" / "metadata.jsonl") in text
    assert "Nothing was left out" in text
    (meme_tables / "images" / "3.jpg").write_bytes(b"<html>")
    again = build(Memes(Settings(source=meme_tables)), tmp_path / "again")
    assert "| not an image | 1 |" in (again.folder / "README.md").read_text(encoding="utf-8")


def test_a_card_that_somebody_edited_is_kept(meme_tables: Path, tmp_path: Path) -> None:
    """People write on the cards of their datasets; one that nobody touched is brought up to date."""
    source, folder = Memes(Settings(source=meme_tables)), tmp_path / "c"
    build(source, folder)
    card = folder / "README.md"
    card.write_text(
        card.read_text(encoding="utf-8").replace("## Rows", "Моё: не трогать.\n\n## Rows"), encoding="utf-8"
    )
    edited = card.read_bytes()
    build(source, folder)
    assert card.read_bytes() == edited
    card.unlink()
    build(source, folder)
    written = card.read_bytes()
    build(Memes(Settings(source=meme_tables, licence="CC0")), folder)
    assert card.read_bytes() != written
