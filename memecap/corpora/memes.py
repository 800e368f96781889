"""Memes with their descriptions: a scrape folder (posts.jsonl), or tables train.csv, val.csv, test.csv beside images/.

The tables have a header and lines `uid<TAB>text` without quoting; a table's name is the official split. Scraped posts
have no official split; reposts of one post stay together. Out: one item a post.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from memecap.core import manifest
from memecap.corpora.base import CorpusSettings, Item, Source
from memecap.corpora.sources import tables
from memecap.errors import MissingFileError
from memecap.pictures.safe_open import EXTENSIONS
from memecap.scraping.photos import OWN_KINDS
from memecap.scraping.post import read_posts


class Settings(CorpusSettings):
    name: str = "memes"
    several: Annotated[
        Literal["first", "skip"], Field(description="of a post with several pictures: take the first, or skip the post")
    ] = "first"


class Memes(Source[Settings]):
    Config = Settings

    @property
    def pictures(self) -> Path | None:
        folder = self.config.source
        return folder if (folder / "posts.jsonl").exists() else folder / "images"

    def items(self) -> Iterator[Item]:
        folder = self.config.source
        if (folder / "posts.jsonl").exists():
            return self._posts()
        if any((folder / f"{split}.csv").exists() for split in ("train", "val", "test")):
            return self._tables()
        fix = "Give the folder that `memecap scrape` wrote, or one with tables and images/."
        raise MissingFileError("neither posts.jsonl nor train.csv, val.csv or test.csv is there", where=folder, fix=fix)

    def _posts(self) -> Iterator[Item]:
        for post in read_posts(self.config.source):
            photos = [photo for photo in post.photos if photo.kind in OWN_KINDS]
            skipped = len(photos) > 1 and self.config.several == "skip"
            if post.is_ad or not post.description or not photos or skipped:
                continue
            photo = photos[0]
            yield Item(
                key=post.key,
                captions=(post.description,),
                image=self.config.source / photo.file if photo.file else None,
                group=post.origin_key,
                source_captions=(post.text or post.origin_text,),
                source_url=post.url,
                reason="" if photo.file else f"not fetched: {photo.reason or 'not tried yet'}",
            )

    def _tables(self) -> Iterator[Item]:
        folder = self.config.source
        files = {path.stem: path for path in (folder / "images").glob("*") if path.suffix.lower() in EXTENSIONS}
        for table in sorted(folder.glob("*.csv")):
            if split := tables.split_of_name(table.name):
                for _, record in tables.delimited(table, key="uid"):
                    key, text = record["uid"], record["text"]
                    image = files.get(manifest.source_key(key), tables.picture(folder / "images", key))
                    yield Item(key=key, captions=(tables.one_line(text),), image=image, split=split)
