"""Which posts of a wall are wanted, and which of their pictures."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from memecap.scraping.photos import OWN_KINDS
from memecap.scraping.post import Photo, Post


@dataclass(frozen=True)
class Selection:
    """Dates in seconds since 1970, both ends included; `max_posts` of each wall, the newest."""

    since: int | None = None
    until: int | None = None
    max_posts: int | None = None
    ads: bool = False  # pictures of advertisements too
    previews: bool = False  # pictures of links, videos and albums too

    def pick(self, posts: Iterable[Post]) -> list[Post]:
        """The wanted posts of one wall, the newest first."""
        dated = [
            post
            for post in posts
            if (self.since is None or post.date >= self.since) and (self.until is None or post.date <= self.until)
        ]
        return sorted(dated, key=lambda post: (post.date, post.post_id), reverse=True)[: self.max_posts]

    def wants_more(self, posts: Collection[Post]) -> bool:
        """Whether older posts than these, a wall's newest, may be wanted. The pinned post's age says nothing."""
        if self.since is not None and any(post.date < self.since for post in posts if not post.is_pinned):
            return False
        return self.max_posts is None or len(self.pick(posts)) < self.max_posts

    def wants_picture(self, post: Post, photo: Photo) -> bool:
        return (self.ads or not post.is_ad) and (self.previews or photo.kind in OWN_KINDS)
