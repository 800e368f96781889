"""VK's paging, of a wall that moves: pages that overlap, so that nothing is lost and nothing is doubled.

A wall is read by offset, newest first, while posts arrive at its top and vanish anywhere. Two neighbouring pages
overlap by design; a page that shares no post with what was read before shows that the wall has shrunk meanwhile, and
the reader steps back until they touch. Nothing here calls VK or the disk: `WallReader` says which page it wants
(`offset`) and is told what came (`take`), and telling it the stored pages again restores it after a stop.

A reading is a series of passes. The tail goes from the top to the bottom (or to a limit). Every later pass, a head,
begins at the top and ends where it meets the tail: so do the posts that arrived while the tail was under way, and so
does an incremental second run.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

PAGE = 100
OVERLAP = 10


@dataclass(frozen=True, slots=True)
class Page:
    """What came: the wall's posts from `offset` on, `size` of them asked for, `count` on the wall in all."""

    offset: int
    size: int
    keys: Sequence[str]  # a pinned post is left out: it stands first whatever its date, and anchors nothing
    count: int


@dataclass(slots=True)
class _Pass:
    """One way down the wall; `anchors` are posts of an unbroken stretch that ends where the next page should touch."""

    offset: int | None = 0
    anchors: set[str] = field(default_factory=set)
    backed: bool = False  # the last page did not touch, and this one is a step back
    trusted_count: int | None = None

    def take(self, page: Page, goal: Set[str] = frozenset()) -> bool:
        """Go on from a page; False when it does not touch the stretch, so that it must be read again later.

        A pass with a goal ends where a page meets it, any pass ends at the wall's bottom.
        """
        touches = not self.anchors.isdisjoint(page.keys)
        if page.offset and not touches and page.count != self.trusted_count:
            self.backed = True
            self.offset = max(0, page.offset - max(1, page.size // 2))
            return False
        nothing_new = self.anchors.issuperset(page.keys)
        # Posts that VK hides make an overlap look empty for ever: where stepping back shows nothing new and the wall
        # has not moved since, the next page may stand alone.
        self.trusted_count = page.count if self.backed and nothing_new else None
        self.backed = False
        if not touches and not page.offset:
            self.anchors = set()
        self.anchors.update(page.keys)
        is_last = page.offset + page.size >= page.count
        self.offset = None if is_last or not goal.isdisjoint(page.keys) else page.offset + step(page.size)
        return True


class WallReader:
    """Where the reading of one wall stands."""

    def __init__(self) -> None:
        self._tail = _Pass()
        self._head: _Pass | None = None

    @property
    def offset(self) -> int | None:
        """The page wanted next; None when no pass is under way."""
        return self._tail.offset if self._head is None else self._head.offset

    @property
    def in_head(self) -> bool:
        return self._head is not None

    def begin_head(self) -> None:
        """Start a pass from the top for what has arrived, unless one is under way."""
        if self._head is None:
            self._head = _Pass()

    def take(self, page: Page) -> bool:
        """Go on from a page. False: the wall has moved and the page is of no use yet; read `offset` instead."""
        if self._head is None:
            return self._tail.take(page)
        taken = self._head.take(page, goal=self._tail.anchors)
        if self._head.offset is None:
            self._tail.anchors |= self._head.anchors
            self._head = None
        return taken


def step(size: int) -> int:
    """How far the next page begins after one of `size` posts."""
    return max(1, size - max(1, size // OVERLAP))
