"""VK's JSON → `Post`: an item of a wall in any shape that has been met, and a whole `wall.get` answer.

Source: VK API schema 5.199 (`wall_wallpost_full`) and answers from 2012 on: `attachments` empty or absent, `to_id` for
`owner_id`, nested `copy_history`, `marked_as_ads` absent, a count as the first item of a bare list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from memecap.scraping.description import description_of
from memecap.scraping.photos import as_int, photos_of
from memecap.scraping.post import Photo, Post
from memecap.text.clean import clean

#: where a post names its wall: `to_id` before 5.0, `source_id` in news feeds, the author where nothing else is said
_OWNERS = ("owner_id", "to_id", "source_id", "from_id")


def parse_post(item: dict[str, Any]) -> Post | None:
    """One item of a wall; None where it has no owner and id, so that it is not a post."""
    owner_id, post_id = _first_int(item, *_OWNERS), _first_int(item, "id", "post_id")
    if owner_id is None or post_id is None:
        return None
    history = list(_history(item))
    text, origin_text = _text(item), _text(history[-1]) if history else ""
    origin_owner_id, origin_post_id = _origin(item, history)
    # by key: a repost may carry its origin's pictures too
    photos = {photo.key: photo for post in (item, *history) for photo in _photos(post)}
    return Post(
        owner_id=owner_id,
        post_id=post_id,
        date=_first_int(item, "date") or 0,
        text=text,
        description=description_of(text) or description_of(origin_text),
        photos=tuple(photos.values()),
        origin_owner_id=origin_owner_id or 0,
        origin_post_id=origin_post_id or 0,
        origin_text=origin_text,
        is_ad=bool(_first_int(item, "marked_as_ads")) or item.get("post_type") == "post_ads",
        is_pinned=bool(_first_int(item, "is_pinned", "fixed")),
    )


def _origin(item: dict[str, Any], history: Sequence[dict[str, Any]]) -> tuple[int | None, int | None]:
    """Owner and id of the post that a repost repeats."""
    if history:
        return _first_int(history[-1], "owner_id", "to_id", "from_id"), _first_int(history[-1], "id", "post_id")
    if "copy_post_id" in item:  # before 5.0 a repost named its origin so
        return _first_int(item, "copy_owner_id"), _first_int(item, "copy_post_id")
    return None, None


def items_of(answer: Any) -> list[dict[str, Any]]:
    """The items of an answer: of `wall.get` of any version, wrapped or not, of `execute`, of a list of answers."""
    found: list[dict[str, Any]] = []
    waiting = [answer]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and not _is_post(value):
            value = next((value[name] for name in _WRAPPERS if isinstance(value.get(name), (dict, list))), None)
            waiting.append(list(value.values()) if isinstance(value, dict) and _is_numbered(value) else value)
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            found.append(value)
    return found


def count_of(answer: Any) -> int:
    """How many posts the wall says it has; the number of items where it does not say."""
    inner = answer.get("response", answer) if isinstance(answer, dict) else answer
    wall = inner.get("wall", inner) if isinstance(inner, dict) else inner
    said = wall.get("count") if isinstance(wall, dict) else wall[0] if isinstance(wall, list) and wall else None
    count = as_int(said)
    return len(items_of(answer)) if count is None else count


def parse_wall(answer: Any) -> list[Post]:
    """The posts of a `wall.get` answer, in the order of the wall."""
    posts = (parse_post(item) for item in items_of(answer))
    return [post for post in posts if post is not None]


def is_wall(answer: Any) -> bool:
    """Whether it has the shape of an answer with posts, be it empty, or of a post alone."""
    if isinstance(answer, dict):
        return _is_post(answer) or any(isinstance(answer.get(name), (dict, list)) for name in _WRAPPERS)
    return isinstance(answer, list)


def posts_of(answers: Iterable[Any]) -> dict[str, Post]:
    """The posts of raw pages or plain answers, by key; of a post met twice the later version stays."""
    return {post.key: post for answer in answers for post in parse_wall(answer)}


#: where an answer keeps its posts; `wall` in extended answers before 5.0
_WRAPPERS = ("response", "items", "wall")


def _is_post(value: dict[str, Any]) -> bool:
    owner = _first_int(value, *_OWNERS)
    return owner is not None and _first_int(value, "id", "post_id") is not None


def _is_numbered(value: dict[str, Any]) -> bool:
    """A list that somebody's tool has written as `{"0": …, "1": …}`."""
    return bool(value) and all(isinstance(name, str) and name.isdecimal() for name in value)


def _history(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The posts a repost repeats, the nearest first, the origin last, however they are nested."""
    waiting = [item]
    while waiting:
        history = waiting.pop().get("copy_history")
        for earlier in history if isinstance(history, list) else (history,):
            if isinstance(earlier, dict):
                yield earlier
                waiting.append(earlier)


def _photos(item: dict[str, Any]) -> list[Photo]:
    # before 5.0 the first attachment stood alone, beside the list or without one
    return list(photos_of(item.get("attachments"))) or list(photos_of(item.get("attachment")))


def _text(item: dict[str, Any]) -> str:
    text = item.get("text")
    return clean(text) if isinstance(text, str) else ""  # as it enters: halves of emoji are met


def _first_int(item: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = item.get(name)
        if (number := int(value) if type(value) is bool else as_int(value)) is not None:
            return number
    return None
