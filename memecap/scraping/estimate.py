"""What a scrape would bring and cost, from one page of each wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memecap.errors import UsageError
from memecap.scraping.archive import wall_name
from memecap.scraping.faults import SkipWall
from memecap.scraping.limits import PER_DAY, PER_SECOND
from memecap.scraping.paging import PAGE, step
from memecap.scraping.post import Post
from memecap.scraping.selection import Selection
from memecap.scraping.vk import Vk
from memecap.scraping.wall import count_of, parse_wall

#: taken for granted, not measured: the line and VK's picture servers decide
PICTURES_PER_SECOND = 30


@dataclass(frozen=True)
class Estimate:
    """About one wall. `reason` says why it cannot be read."""

    wall: str
    posts: int = 0
    pictures: int = 0
    calls: int = 0
    minutes: float = 0.0
    days: int = 1  # that VK's daily limit spreads it over
    reason: str = ""


def estimate(communities: Sequence[str], vk: Vk, selection: Selection) -> list[Estimate]:
    """One estimate a community. Raises what `Vk.page` raises, but for walls that cannot be read."""
    return [_estimate(wall, vk, selection) for wall in dict.fromkeys(map(wall_name, communities))]


def _estimate(wall: str, vk: Vk, selection: Selection) -> Estimate:
    try:
        answer = vk.page(wall, 0, PAGE)
    except (SkipWall, UsageError) as error:
        return Estimate(wall, reason=error.what)
    page = parse_wall(answer)
    n_read = _posts_since(page, count_of(answer), selection.since)
    n_newer = 0 if selection.until is None else _posts_since(page, count_of(answer), selection.until + 1)
    n_wanted = max(0, n_read - n_newer)
    n_posts = n_wanted if selection.max_posts is None else min(n_wanted, selection.max_posts)
    n_read -= n_wanted - n_posts
    n_pictures = sum(selection.wants_picture(post, photo) for post in page for photo in post.photos)
    pictures = round(n_posts * n_pictures / max(1, len(page)))
    calls = 1 + max(0, -(-(n_read - PAGE) // step(PAGE)))
    seconds = calls / PER_SECOND + pictures / PICTURES_PER_SECOND
    return Estimate(wall, n_posts, pictures, calls, round(seconds / 60, 1), 1 + calls // PER_DAY)


def _posts_since(page: Sequence[Post], count: int, since: int | None) -> int:
    """How many posts are as new as `since`, the rest of the wall being as dense as its first page."""
    dates = [post.date for post in page if not post.is_pinned]
    if since is None or not dates:
        return count
    if dates[-1] < since:
        return sum(date >= since for date in dates)
    per_post = max(1.0, (dates[0] - dates[-1]) / max(1, len(dates) - 1))
    return min(count, int((dates[0] - since) / per_post) + 1)
