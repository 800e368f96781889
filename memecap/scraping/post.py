"""Post: one post of a VK wall with its pictures; a scrape folder is its `posts.jsonl`, one post a line.

Out of `memecap scrape`: `posts.jsonl`, `images/` (upright RGB copies), `originals/` (the bytes as served), `raw/` (VK's
own answers, gzip JSON lines). A picture's paths are relative to the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.errors import DataError

POSTS = "posts.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture of a post: where VK keeps it, and, once fetched, where it lies here (or why it does not)."""

    kind: str  # photo, doc, graffiti: the post's own pictures; link, video, album, …: previews
    owner_id: int
    photo_id: int
    url: str  # verbatim: a URL without its query does not work
    width: int = 0  # as VK says; 0 where it does not
    height: int = 0
    sha256: str = ""  # of the original bytes
    file: str = ""  # upright RGB copy; "" when not fetched
    original: str = ""  # the bytes as served
    dhash: str = ""  # 16 hexadecimal digits
    reason: str = ""  # why there is no file: one of download.REASONS

    @property
    def key(self) -> str:
        """A name that outlives the URL, which expires; a picture without an id goes by its address."""
        return f"{self.kind}{self.owner_id}_{self.photo_id}" if self.photo_id else self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post. `text` is as written, `description` is cleaned; a repost without words takes its origin's."""

    owner_id: int
    post_id: int
    date: int  # seconds since 1970, UTC
    text: str = ""
    description: str = ""
    photos: tuple[Photo, ...] = ()
    origin_owner_id: int = 0  # of a repost: the post where the chain of reposts began; 0: not a repost
    origin_post_id: int = 0
    origin_text: str = ""
    is_ad: bool = False
    is_pinned: bool = False

    @property
    def key(self) -> str:
        return f"{self.owner_id}_{self.post_id}"

    @property
    def origin_key(self) -> str:
        """Equal for a post and all its reposts."""
        return f"{self.origin_owner_id}_{self.origin_post_id}" if self.origin_post_id else self.key

    @property
    def url(self) -> str:
        return f"https://vk.com/wall{self.key}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Post:
        """Raises `DataError` naming the unknown or missing keys."""
        _check(cls, record, {"owner_id", "post_id", "date"})
        photos = record.get("photos", ())
        for photo in photos:
            _check(Photo, photo, {"kind", "owner_id", "photo_id", "url"})
        return cls(**{**record, "photos": tuple(Photo(**photo) for photo in photos)})


def read_posts(folder: Path) -> Iterator[Post]:
    """The posts of a scrape folder. Raises `MissingFileError` or `DataError` with the line."""
    path = folder / POSTS
    for number, record in enumerate(storage.read_jsonl(path), 1):
        try:
            yield Post.from_json(record)
        except DataError as error:
            raise DataError(error.what, where=f"{path}, line {number}", fix=error.fix) from error


def write_posts(folder: Path, posts: Iterable[Post]) -> int:
    """Write `posts.jsonl` atomically, ordered by owner and id, so that equal posts give equal bytes."""
    ordered = sorted(posts, key=lambda post: (post.owner_id, post.post_id))
    return storage.write_jsonl(folder / POSTS, (post.to_json() for post in ordered))


def _check(cls: type, record: Any, required: set[str]) -> None:
    keys = set(record) if isinstance(record, Mapping) else set()
    known = {field.name for field in fields(cls)}
    if required - keys or keys - known:
        what = f"a {cls.__name__.lower()} lacks {sorted(required - keys)} and has unknown {sorted(keys - known)}"
        raise DataError(what, fix="Make the file again: memecap scrape --replay raw/*.jsonl.gz --out FOLDER")
