"""One wall → its raw archive, brought up to date: what the last run left undone, then what has arrived since.

The archive alone is the state: the stored pages, told to a `WallReader` again, say where to go on. Pages that teach
nothing are not stored, so looking again at a wall that has not changed changes no file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from memecap.scraping.archive import Archive
from memecap.scraping.faults import SkipWall
from memecap.scraping.paging import PAGE, Page, WallReader, step
from memecap.scraping.post import Post
from memecap.scraping.selection import Selection
from memecap.scraping.vk import BATCH, BatchRefusedError, TooBigError, Vk
from memecap.scraping.wall import count_of, posts_of


def read_wall(wall: str, vk: Vk, archive: Archive, selection: Selection) -> None:
    """Store the pages of a wall that are wanted and not there yet.

    Raises:
        SkipWall: the wall cannot be read.
        UsageError: no such wall.
        TryLaterError, AuthError, ServiceError: stopped; the same call goes on.
    """
    crawl = _Crawl(wall, vk, archive, WallReader(), {})
    for record in archive.pages(wall):
        crawl.restore(record)
    reader = crawl.reader
    crawl.read(lambda: reader.in_head)  # a pass that was cut short
    is_new = reader.offset == 0
    n_pages = crawl.read(lambda: not reader.in_head and selection.wants_more(crawl.known.values()))
    if not (is_new and n_pages == 1):  # posts may have arrived meanwhile
        reader.begin_head()
        crawl.read(lambda: reader.in_head)


@dataclass
class _Crawl:
    """Fetches the pages a reader wants, and stores those that teach something."""

    wall: str
    vk: Vk
    archive: Archive
    reader: WallReader
    known: dict[str, Post]
    count: int = 0  # posts of the wall when last heard; 0: never
    pass_is_stored: bool = False

    def restore(self, record: dict[str, Any]) -> None:
        """Take a stored page as when it came."""
        if record["pass"] == "head":
            self.reader.begin_head()
        self._take(record)

    def read(self, wanted: Callable[[], bool]) -> int:
        """Fetch while it is wanted; returns how many pages came."""
        n_pages = 0
        self.pass_is_stored = False
        while self.reader.offset is not None and wanted():
            kept = []
            for record in self._fetch(self.reader.offset):
                if record["offset"] != self.reader.offset or not wanted():
                    break  # the wall moved: the rest of the batch is not what is wanted now
                n_pages += 1
                if self._take(record):
                    kept.append(record)
            if kept:
                self.archive.add(self.wall, kept)
        return n_pages

    def _take(self, record: dict[str, Any]) -> bool:
        """Tell the reader of a page; returns whether the page is worth storing."""
        posts = posts_of([record])
        self.count = count_of(record)
        keys = [key for key, post in posts.items() if not post.is_pinned]
        if not self.reader.take(Page(record["offset"], record["size"], keys, self.count)):
            return False
        teaches = any(self.known.get(key) != post for key, post in posts.items())
        self.known.update(posts)
        self.pass_is_stored = self.pass_is_stored or teaches or record["pass"] == "tail"
        return self.pass_is_stored

    def _fetch(self, offset: int) -> list[dict[str, Any]]:
        """One page, or as many as one `execute` brings; the request is halved until VK can answer it."""
        n_pages, size = self._n_pages(offset), PAGE
        while True:
            offsets = [offset + i * step(size) for i in range(n_pages)]
            try:
                if n_pages > 1:
                    answers = self.vk.pages(self.wall, offsets, size)
                else:
                    answers = [self.vk.page(self.wall, offset, size)]
                break
            except BatchRefusedError:
                n_pages = 1
            except TooBigError as error:
                if n_pages == 1 and size == 1:
                    raise SkipWall("VK cannot send one of its posts", where=self.wall, fix=error.what) from None
                n_pages, size = max(1, n_pages // 2), size if n_pages > 1 else size // 2
        name = "head" if self.reader.in_head else "tail"
        return [
            {"wall": self.wall, "pass": name, "offset": at, "size": size, "response": answer}
            for at, answer in zip(offsets, answers, strict=False)
        ]

    def _n_pages(self, offset: int) -> int:
        """How many pages to ask for at once: the first of a pass alone, since it is often the last."""
        if not self.vk.may_batch or offset == 0 or not self.count:
            return 1
        n_left = -(-(self.count - offset - PAGE) // step(PAGE)) + 1
        return max(1, min(BATCH, n_left))
