"""Conceptual Captions: captions of pictures on the web, `caption<TAB>url` without a header; pictures are fetched first.

About a third of the links are dead; each says why in `left_out.jsonl`, and a rerun asks only for what is missing.
Out: items whose key is the picture's address. Source: Sharma et al. 2018, https://ai.google.com/research/ConceptualCaptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from memecap.corpora.base import CorpusSettings, Item, Language, Licence, Source
from memecap.corpora.sources import tables
from memecap.scraping.download import DownloadConfig, download
from memecap.scraping.ledger import open_ledger


class Settings(CorpusSettings):
    name: str = "conceptual"
    language: Language = "en"
    licence: Licence = "captions free to use with a mention of Google LLC; pictures of their authors"
    images: Annotated[Path | None, Field(description="folder to fetch the pictures into; text only when not set")] = (
        None
    )
    fetch: Annotated[bool, Field(description="ask the network for pictures that are not in the folder yet")] = True
    limit: Annotated[int, Field(ge=0, description="take the first so many lines; 0: all")] = 0
    download: Annotated[DownloadConfig, Field(description="how hard to ask, and what to refuse")] = DownloadConfig()


class Conceptual(Source[Settings]):
    Config = Settings

    def items(self) -> Iterator[Item]:
        split = tables.split_of_name(self.config.source.name)
        images = self.config.images
        if images is None:
            for caption, url in self._lines():
                yield Item(key=url, captions=(caption,), split=split, source_url=url)
            return
        if self.config.fetch:
            download(((url, url) for _, url in self._lines()), images, self.config.download)
        with open_ledger(images) as ledger:
            for caption, url in self._lines():
                entry = ledger.get(url)
                fault = "not tried yet" if entry is None else entry.reason
                reason = fault and f"not fetched: {fault}"
                image = images / entry.file if entry and not reason else None
                yield Item(key=url, captions=(caption,), image=image, split=split, source_url=url, reason=reason)

    def _lines(self) -> Iterator[tuple[str, str]]:
        lines = tables.delimited(self.config.source, columns=("caption", "url"))
        for number, (_, record) in enumerate(lines):
            if self.config.limit and number == self.config.limit:
                return
            yield tables.one_line(record["caption"]), record["url"].strip()
