"""Which pictures a post has: attachments of every generation of VK's answers → `Photo`s with the best URL of each.

Source: VK API schema 5.199 (`photos_photo`, `docs_doc`, `base_link`, `video_video`, `wall_graffiti`) and answers met
in the wild: `orig_photo` (not in the schema), `sizes` with `url` or `src`, `photo_75 … photo_2560` before 5.77, heights
of 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

from memecap.scraping.post import Photo

OWN_KINDS = ("photo", "doc", "graffiti")  # the post's own pictures, not the previews of links and videos
#: sizes cut to a fixed aspect: never chosen where a whole picture is there
CROPPED = frozenset("opqr")
#: the longest edge of the whole sizes, for answers that leave width or height at 0
_EDGES = {"s": 75, "m": 130, "x": 604, "y": 807, "z": 1080, "w": 2560}
_RANK = {letter: rank for rank, letter in enumerate(_EDGES, 1)}
#: attachments that show no picture of their own, or only a mark of VK's
_WITHOUT_PICTURES = frozenset({"audio", "poll", "note", "event", "group", "sticker", "gift", "wall", "wall_reply"})
_LIMIT = 2**63  # larger numbers are no ids, and SQLite does not take them
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_PICTURE_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "gif", "webp", "bmp"})


def photos_of(attachments: Any) -> Iterator[Photo]:
    """The pictures of a list of attachments, in their order. Whatever is not as expected is passed over."""
    if isinstance(attachments, dict):  # one attachment, or several under the numbers of a list
        attachments = [attachments] if "type" in attachments else list(attachments.values())
    if not isinstance(attachments, list):
        return
    for attachment in attachments:
        kind = attachment.get("type") if isinstance(attachment, dict) else None
        if isinstance(kind, str) and kind not in _WITHOUT_PICTURES:
            body = attachment.get(kind)
            yield from _FINDERS.get(kind, _preview)(kind, body) if isinstance(body, dict) else ()


def best_size(picture: dict[str, Any], *, crops: Set[str] = CROPPED) -> tuple[str, int, int]:
    """The URL, width and height of the largest whole copy of a picture: ("", 0, 0) where there is none.

    `orig_photo` first; then the largest area among sizes that are not crops; crops only when there is nothing else.
    """
    original = picture.get("orig_photo")
    if isinstance(original, dict) and _url(original):
        return _url(original), _int(original, "width"), _int(original, "height")
    best, best_order = None, (False, -1, -1)
    for size in _sizes(picture):
        letter = str(size.get("type"))
        order = (letter not in crops, _area(size, letter), _RANK.get(letter, 0))
        if order > best_order and _url(size):
            best, best_order = size, order
    if best is not None:
        return _url(best), _int(best, "width"), _int(best, "height")
    return _by_name(picture)


def _area(size: dict[str, Any], letter: str) -> int:
    """In pixels; where a side is not given, that of a usual picture of this edge."""
    width, height = _int(size, "width"), _int(size, "height")
    if width > 0 and height > 0:
        return width * height
    return 3 * max(width, height, _EDGES.get(letter, 0)) ** 2 // 4


def _sizes(picture: dict[str, Any]) -> list[dict[str, Any]]:
    """Every size that is written as a list, or, before 5.0, as a mapping from its letter."""
    found = []
    for name in ("sizes", "images", "image", "first_frame"):
        sizes = picture.get(name)
        if isinstance(sizes, dict):
            sizes = [{"type": letter, **size} for letter, size in sizes.items() if isinstance(size, dict)]
        if isinstance(sizes, list):
            found += [size for size in sizes if isinstance(size, dict)]
    return found


#: names of single URLs before `sizes`, in the old fashions of photos and of links and videos, the largest first
_OLD_NAMES = ("src_xxxbig", "src_xxbig", "src_xbig", "src_big", "src", "image_xbig", "image_big", "image_medium",
              "image_src", "image", "thumb_photo", "thumb_src", "src_small", "image_small")  # fmt: skip


def _by_name(picture: dict[str, Any]) -> tuple[str, int, int]:
    """`photo_2560` … `photo_75` (before 5.77), `src_xxxbig` … `src_small` (before 5.0)."""
    numbered = [name for name in picture if re.fullmatch(r"photo_\d+", str(name))]
    for name in (*sorted(numbered, key=lambda name: int(name[6:]), reverse=True), *_OLD_NAMES):
        url = picture.get(name)
        if isinstance(url, str) and url:
            return url, _int(picture, "width"), _int(picture, "height")
    return "", 0, 0


def _photo(kind: str, body: dict[str, Any]) -> Iterator[Photo]:
    yield from _make("photo", body, body)


def _doc(kind: str, body: dict[str, Any]) -> Iterator[Photo]:
    """A file: the picture itself where its extension says so, its preview otherwise."""
    extension = body.get("ext")
    previews = _inner(body, "preview")
    preview = _inner(previews, "photo") or _inner(previews, "graffiti") or body
    if isinstance(extension, str) and extension.lower() in _PICTURE_EXTENSIONS and _url(body):
        _, width, height = best_size(preview, crops=frozenset())
        yield from _make("doc", body, {"orig_photo": {"url": _url(body), "width": width, "height": height}})
    else:
        yield from _make("doc_preview", body, preview)


def _graffiti(kind: str, body: dict[str, Any]) -> Iterator[Photo]:
    yield from _make("graffiti", body, {**body, "orig_photo": body} if _url(body) else body)


def _preview(kind: str, body: dict[str, Any]) -> Iterator[Photo]:
    """What anything else shows of itself: one picture of its own, those of its cards, or those of its goods."""
    for name in ("photo", "thumb", "cover", "preview"):
        if picture := _inner(body, name):
            # a link has no id of its own; its picture does
            found = list(_make(kind, picture if "id" in picture or "pid" in picture else body, picture))
            if found:
                yield from found
                return
    for name, inner in (("cards", "images"), ("photos", "")):
        listed = body.get(name)
        if isinstance(listed, list) and listed:
            for picture in listed:
                if isinstance(picture, dict):
                    yield from _make(kind, picture, {"images": picture.get(inner)} if inner else picture)
            return
    yield from _make(kind, body, body)


_FINDERS = {"photo": _photo, "posted_photo": _photo, "doc": _doc, "graffiti": _graffiti}


def _make(kind: str, named: dict[str, Any], picture: dict[str, Any]) -> Iterator[Photo]:
    url, width, height = best_size(picture)
    if url:
        photo_id = _int(named, "id") or _int(named, "pid") or _int(named, "did") or _int(named, "vid")
        yield Photo(kind=kind, owner_id=_int(named, "owner_id"), photo_id=photo_id, url=url, width=width, height=height)


def _inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    inner = body.get(name)
    return inner if isinstance(inner, dict) else {}


def _url(size: dict[str, Any]) -> str:
    url = size.get("url") or size.get("src")
    return url if isinstance(url, str) else ""


def _int(record: dict[str, Any], name: str) -> int:
    return as_int(record.get(name)) or 0


def as_int(value: Any) -> int | None:
    """A whole number as JSON or somebody's export of it has it: 5, 5.0 or "5"; None for anything else."""
    if type(value) is int:
        return value if -_LIMIT < value < _LIMIT else None
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < _LIMIT else None
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
