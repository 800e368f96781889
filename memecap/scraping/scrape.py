"""The whole scrape of communities into a folder: pages → raw archive → posts → pictures → `posts.jsonl`, wall by wall.

A wall is finished, its pictures fetched and `posts.jsonl` written, before the next begins; what stops the run leaves
the walls before whole. Every step leaves files that the next run starts from, so the same command goes on after any
stop, and repeated later it brings what is new. Posts that `posts.jsonl` holds stay in it, whatever a later run selects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.core.progress import say
from memecap.errors import DataError, UsageError
from memecap.pictures.guard import networks_of
from memecap.scraping.archive import Archive, read_lines, wall_name
from memecap.scraping.crawl import read_wall
from memecap.scraping.download import DownloadConfig, download
from memecap.scraping.faults import SkipWall
from memecap.scraping.ledger import Ledger, open_ledger
from memecap.scraping.post import POSTS, Photo, Post, read_posts, write_posts
from memecap.scraping.selection import Selection
from memecap.scraping.vk import Vk
from memecap.scraping.wall import is_wall, posts_of


@dataclass(frozen=True)
class ScrapeSummary:
    """What a scrape brought."""

    n_posts: int
    n_new_posts: int
    n_photos: int
    n_fetched: int
    skipped: Mapping[str, str] = field(default_factory=dict)  # wall → why it could not be read
    reasons: Mapping[str, int] = field(default_factory=dict)  # reason → pictures that failed now


def scrape(
    communities: Sequence[str],
    folder: Path,
    vk: Vk,
    *,
    selection: Selection | None = None,
    config: DownloadConfig | None = None,
) -> ScrapeSummary:
    """Read each wall, fetch its pictures, write `posts.jsonl`; a wall that cannot be read is left out with its reason.

    A server of one's own in place of VK's (`vk.address`) may have its pictures inside a private network, too.

    Raises:
        TryLaterError, AuthError, ServiceError: stopped; the walls before are finished, what was read of this is saved.
        StorageError: the folder cannot be written.
    """
    selection, config = selection or Selection(), config or DownloadConfig()
    if vk.address:
        config = config.model_copy(update={"allowed": (*config.allowed, *networks_of(vk.address))})
    total = ScrapeSummary(0, 0, 0, 0)
    with storage.lock(folder):
        storage.sweep(folder)
        for wall in dict.fromkeys(map(wall_name, communities)):
            total = _scrape_wall(wall, folder, vk, selection, config, total)
    return total


def _scrape_wall(
    wall: str, folder: Path, vk: Vk, selection: Selection, config: DownloadConfig, before: ScrapeSummary
) -> ScrapeSummary:
    """One wall to its end; returns the summary with it."""
    archive, skipped = Archive(folder), {}
    try:
        read_wall(wall, vk, archive, selection)
    except (SkipWall, UsageError) as error:  # closed, deleted, or no such name
        skipped[wall] = error.what
        say(f"{wall}: left out, {error.what}")
    posts = {post.key: post for post in selection.pick(posts_of(archive.pages(wall)).values())}
    wanted = [(post, photo) for post in posts.values() for photo in post.photos]
    urls = {photo.key: photo.url for post, photo in wanted if selection.wants_picture(post, photo)}
    reasons = Counter(before.reasons) + Counter(download(urls.items(), folder, config))
    summary = _finish(folder, posts, selection)
    if not skipped:
        say(f"{wall}: {len(posts)} posts, {len(urls)} pictures")
    return replace(
        summary,
        n_new_posts=before.n_new_posts + summary.n_new_posts,
        skipped={**before.skipped, **skipped},
        reasons=dict(reasons),
    )


def replay(files: Sequence[Path], folder: Path) -> ScrapeSummary:
    """Parse raw answers again, without the network; pictures that are in the folder are found there.

    Raises:
        MissingFileError, DataError: a file that is not there or is not an answer of `wall.get`.
    """
    posts: dict[str, Post] = {}
    for file in files:
        answers = list(read_lines(file))
        walls = [answer for answer in answers if is_wall(answer)]
        if not walls:
            fix = "Give archives of `memecap scrape`, or answers of wall.get saved as JSON."
            raise DataError("not an answer of wall.get", where=file, fix=fix)
        if len(walls) < len(answers):  # VK's errors are saved along with its answers
            say(f"{file}: {len(answers) - len(walls)} of {len(answers)} answers hold no wall")
        posts.update(posts_of(walls))
    with storage.lock(folder):
        return _finish(folder, posts, Selection())


def _finish(folder: Path, posts: Mapping[str, Post], selection: Selection) -> ScrapeSummary:
    """Join posts with the pictures that are here, keep what the folder held before, write `posts.jsonl`."""
    before = {post.key: post for post in read_posts(folder)} if (folder / POSTS).exists() else {}
    with open_ledger(folder) as ledger:
        final = [
            replace(post, photos=tuple(_with_file(post, photo, ledger, selection) for photo in post.photos))
            for post in {**before, **posts}.values()
        ]
    write_posts(folder, final)
    photos = [photo for post in final for photo in post.photos]
    n_fetched = sum(bool(photo.file) for photo in photos)
    return ScrapeSummary(len(final), len(posts.keys() - before.keys()), len(photos), n_fetched)


def _with_file(post: Post, photo: Photo, ledger: Ledger, selection: Selection) -> Photo:
    entry = ledger.get(photo.key)
    if entry is None:
        return photo if selection.wants_picture(post, photo) else replace(photo, reason="not_asked")
    outcome: dict[str, Any] = {name: getattr(entry, name) for name in ("sha256", "file", "original", "dhash", "reason")}
    return replace(photo, **outcome)


__all__ = ["Selection", "ScrapeSummary", "replay", "scrape"]
