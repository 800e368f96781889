"""Which pictures a post has: attachments of every generation of VK's answers → `Photo`s with the best URL of each.

Source: VK API schema 5.199 (`photos_photo`, `docs_doc`, `base_link`, `video_video`, `wall_graffiti`) and answers met
in the wild: `orig_photo` (not in the schema), `sizes` with `url` or `src`, `photo_75 … photo_2560` before 5.77, heights
of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from memecap.scraping.post import Photo

#: the post's own pictures; the other kinds are previews of something else
OWN_KINDS = ("photo", "doc", "graffiti")
#: sizes cut to a fixed aspect: never chosen where a whole picture is there
CROPPED = frozenset("opqr")
#: order of the whole sizes, for answers that leave width and height at 0
_RANK = {letter: rank for rank, letter in enumerate("smxyzw", 1)}
_PICTURE_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "gif", "webp", "bmp"})


def photos_of(attachments: Any) -> Iterator[Photo]:
    """The pictures of a list of attachments, in their order. Whatever is not as expected is passed over."""
    if not isinstance(attachments, list):
        return
    for attachment in attachments:
        kind = attachment.get("type") if isinstance(attachment, dict) else None
        if not isinstance(kind, str) or kind not in _FINDERS:
            continue
        body = attachment.get(kind)
        photo = _FINDERS[kind](kind, body) if isinstance(body, dict) else None
        if photo is not None:
            yield photo


def best_size(picture: dict[str, Any]) -> tuple[str, int, int]:
    """The URL, width and height of the largest whole copy of a picture: ("", 0, 0) where there is none.

    `orig_photo` first; then the largest area among sizes that are not crops; crops only when there is nothing else.
    """
    original = picture.get("orig_photo")
    if isinstance(original, dict) and _url(original):
        return _url(original), _int(original, "width"), _int(original, "height")
    best, best_order = None, (False, -1, -1)
    for size in _sizes(picture):
        width, height, letter = size.get("width"), size.get("height"), size.get("type")
        area = width * height if type(width) is int and type(height) is int else 0
        order = (letter not in CROPPED, area, _RANK.get(letter, 0)) if isinstance(letter, str) else (True, area, 0)
        if order > best_order and _url(size):
            best, best_order = size, order
    if best is not None:
        return _url(best), _int(best, "width"), _int(best, "height")
    return _by_name(picture)


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


#: names of single URLs before `sizes`, in the two old fashions
_OLD_NAMES = ("src_xxxbig", "src_xxbig", "src_xbig", "src_big", "src", "src_small")


def _by_name(picture: dict[str, Any]) -> tuple[str, int, int]:
    """`photo_2560` … `photo_75` (before 5.77), `src_xxxbig` … `src_small` (before 5.0)."""
    numbered = [
        (int(name[6:]), name)
        for name in picture
        if isinstance(name, str) and name.startswith("photo_") and name[6:].isdigit()
    ]
    for name in (*(name for _, name in sorted(numbered, reverse=True)), *_OLD_NAMES):
        url = picture.get(name)
        if isinstance(url, str) and url:
            return url, _int(picture, "width"), _int(picture, "height")
    return "", 0, 0


def _photo(kind: str, body: dict[str, Any]) -> Photo | None:
    return _make("photo", body, body)


def _doc(kind: str, body: dict[str, Any]) -> Photo | None:
    """A file: the picture itself where its extension says so, its preview otherwise."""
    extension = body.get("ext")
    if isinstance(extension, str) and extension.lower() in _PICTURE_EXTENSIONS and _url(body):
        _, width, height = best_size(_inner(body, "preview", "photo"))
        return Photo(
            kind="doc", owner_id=_int(body, "owner_id"), photo_id=_int(body, "id"), url=_url(body),
            width=width, height=height,
        )  # fmt: skip
    return _make("doc_preview", body, _inner(body, "preview", "photo"))


def _graffiti(kind: str, body: dict[str, Any]) -> Photo | None:
    if _url(body):
        return Photo(
            kind="graffiti", owner_id=_int(body, "owner_id"), photo_id=_int(body, "id"), url=_url(body),
            width=_int(body, "width"), height=_int(body, "height"),
        )  # fmt: skip
    return _make("graffiti", body, body)


def _preview(*path: str) -> Callable[[str, dict[str, Any]], Photo | None]:
    def find(kind: str, body: dict[str, Any]) -> Photo | None:
        picture = _inner(body, *path)
        # a link has no id of its own; its picture does
        return _make(kind, picture if "id" in picture or "pid" in picture else body, picture)

    return find


_FINDERS: dict[str, Callable[[str, dict[str, Any]], Photo | None]] = {
    "photo": _photo,
    "posted_photo": _photo,
    "doc": _doc,
    "graffiti": _graffiti,
    "link": _preview("photo"),
    "article": _preview("photo"),
    "market": _preview("thumb_photo"),
    "video": _preview(),
    "clip": _preview(),
    "album": _preview("thumb"),
    "app": _preview(),
    "page": _preview("photo"),
}


def _make(kind: str, named: dict[str, Any], picture: dict[str, Any]) -> Photo | None:
    url, width, height = best_size(picture)
    if not url:
        return None
    return Photo(
        kind=kind,
        owner_id=_int(named, "owner_id"),
        photo_id=_int(named, "id") or _int(named, "pid"),
        url=url,
        width=width,
        height=height,
    )


def _inner(body: dict[str, Any], *path: str) -> dict[str, Any]:
    for name in path:
        inner = body.get(name)
        if not isinstance(inner, dict):
            return {}
        body = inner
    return body


def _url(size: dict[str, Any]) -> str:
    url = size.get("url") or size.get("src")
    return url if isinstance(url, str) else ""


def _int(record: dict[str, Any], name: str) -> int:
    value = record.get(name)
    return value if type(value) is int else 0
