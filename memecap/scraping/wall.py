"""VK's JSON → `Post`: an item of a wall in any shape that has been met, and a whole `wall.get` answer.

Source: VK API schema 5.199 (`wall_wallpost_full`) and answers from 2012 on: `attachments` empty or absent, `to_id` for
`owner_id`, nested `copy_history`, `marked_as_ads` absent, a count as the first item of a bare list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from memecap.scraping.clean import clean
from memecap.scraping.photos import photos_of
from memecap.scraping.post import Photo, Post


def parse_post(item: dict[str, Any]) -> Post | None:
    """One item of a wall; None where it has no owner and id, so that it is not a post."""
    owner_id, post_id = _first_int(item, "owner_id", "to_id", "source_id"), _first_int(item, "id", "post_id")
    if owner_id is None or post_id is None:
        return None
    text = _text(item)
    photos = _photos(item)
    origin: dict[str, Any] | None = None
    for origin in _history(item):
        photos += _photos(origin)
    origin_text = _text(origin) if origin else ""
    origin_owner_id = _first_int(origin, "owner_id", "to_id", "from_id") if origin else None
    origin_post_id = _first_int(origin, "id", "post_id") if origin else None
    if origin is None and "copy_post_id" in item:  # before 5.0 a repost named its origin so
        origin_owner_id, origin_post_id = _first_int(item, "copy_owner_id"), _first_int(item, "copy_post_id")
    return Post(
        owner_id=owner_id,
        post_id=post_id,
        date=_first_int(item, "date") or 0,
        text=text,
        description=clean(text) or clean(origin_text),
        photos=_distinct(photos) if len(photos) > 1 else tuple(photos),
        origin_owner_id=origin_owner_id or 0,
        origin_post_id=origin_post_id or 0,
        origin_text=origin_text,
        is_ad=bool(item.get("marked_as_ads")) or item.get("post_type") == "post_ads",
        is_pinned=bool(item.get("is_pinned")),
    )


def items_of(answer: Any) -> list[dict[str, Any]]:
    """The items of a `wall.get` answer, with or without its `response`, `items` or count."""
    return [item for item in _list_of(answer) if isinstance(item, dict)]


def count_of(answer: Any) -> int:
    """How many posts the wall says it has; the number of items where it does not say."""
    inner = answer.get("response", answer) if isinstance(answer, dict) else answer
    if isinstance(inner, dict) and type(inner.get("count")) is int:
        return int(inner["count"])
    if isinstance(inner, list) and inner and type(inner[0]) is int:
        return int(inner[0])
    return len(items_of(answer))


def parse_wall(answer: Any) -> list[Post]:
    """The posts of a `wall.get` answer, in the order of the wall."""
    posts = (parse_post(item) for item in items_of(answer))
    return [post for post in posts if post is not None]


def is_wall(answer: Any) -> bool:
    """Whether it has the shape of a `wall.get` answer, be it empty."""
    inner = answer.get("response", answer) if isinstance(answer, dict) else answer
    return isinstance(inner, list) or (
        isinstance(inner, dict) and isinstance(inner.get("items", inner.get("wall")), list)
    )


def posts_of(answers: Iterable[Any]) -> dict[str, Post]:
    """The posts of raw pages or plain answers, by key; of a post met twice the later version stays."""
    return {post.key: post for answer in answers for post in parse_wall(answer)}


def _list_of(answer: Any) -> list[Any]:
    inner = answer.get("response", answer) if isinstance(answer, dict) else answer
    if isinstance(inner, dict):
        inner = inner.get("items", inner.get("wall", []))
    return inner if isinstance(inner, list) else []


def _history(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The posts a repost repeats, the nearest first, the origin last, however they are nested."""
    waiting = [item]
    while waiting:
        history = waiting.pop().get("copy_history")
        for earlier in history if isinstance(history, list) else ():
            if isinstance(earlier, dict):
                yield earlier
                waiting.append(earlier)


def _photos(item: dict[str, Any]) -> list[Photo]:
    found = list(photos_of(item.get("attachments")))
    if not found and "attachment" in item:  # before 5.0 a single attachment stood alone
        found = list(photos_of([item["attachment"]]))
    return found


def _distinct(photos: list[Photo]) -> tuple[Photo, ...]:
    """Without repeats: a repost may carry its origin's pictures too."""
    return tuple({(photo.key if photo.photo_id else photo.url): photo for photo in photos}.values())


def _text(item: dict[str, Any]) -> str:
    text = item.get("text")
    return text if isinstance(text, str) else ""


def _first_int(item: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = item.get(name)
        if type(value) is int:
            return value
    return None
