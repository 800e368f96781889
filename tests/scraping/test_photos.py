"""Pictures of a post's attachments: the largest whole size of each, whatever holds it."""

from __future__ import annotations

from typing import Any

from memecap.scraping.photos import best_size, photos_of
from memecap.scraping.wall import parse_post
from tests.scraping.answers import BASE, photo, sizes


def url_of(attachment: dict[str, Any]) -> str:
    (found,) = photos_of([attachment])
    return found.url


def test_the_largest_whole_size_is_chosen_and_its_url_kept_verbatim() -> None:
    assert url_of(photo(sizes=sizes("s", "r", "x", "m"))) == "u/x?a=1&b=2"
    assert url_of(photo(sizes=sizes("w", "s", "q"))) == "u/w?a=1&b=2"
    assert url_of(photo(sizes=sizes("o", "q", "p"))) == "u/q?a=1&b=2"  # crops only: better than nothing
    assert (
        url_of(photo(sizes=sizes("w"), orig_photo={"type": "base", "url": "orig", "width": 9, "height": 9})) == "orig"
    )


def test_sizes_without_measures_go_by_their_letters() -> None:
    flat = [{**size, "width": 0, "height": 0} for size in sizes("x", "w", "s", "r", "z")]
    assert url_of(photo(sizes=flat)) == "u/w?a=1&b=2"
    assert url_of(photo(sizes=[{**size, "height": 0} for size in sizes("y", "s")])) == "u/y?a=1&b=2"


def test_old_answers_name_their_sizes() -> None:
    old = {"photo_75": "a", "photo_604": "b", "photo_1280": "c", "width": 1000, "height": 800}
    assert best_size(old) == ("c", 1000, 800)
    assert best_size({"src": "a", "src_big": "b", "src_xxbig": "c", "src_small": "d"})[0] == "c"
    assert best_size({"sizes": [{"type": "x", "src": "s", "width": 5, "height": 5}]})[0] == "s"


def test_files_links_videos_and_reposts_are_found() -> None:
    preview = {"photo": {"sizes": [{"src": "p", "type": "m", "width": 130, "height": 100}]}}
    item = {
        **BASE,
        "text": "",
        "attachments": [
            {"type": "doc", "doc": {"id": 1, "owner_id": 2, "ext": "gif", "url": "gif?x", "preview": preview}},
            {"type": "doc", "doc": {"id": 2, "owner_id": 2, "ext": "pdf", "url": "pdf?x", "preview": preview}},
            {"type": "link", "link": {"url": "http://a", "photo": {"id": 3, "owner_id": 2, "sizes": sizes("x")}}},
            {"type": "video", "video": {"id": 4, "owner_id": 2, "image": [{"url": "v", "width": 8, "height": 8}]}},
            {"type": "posted_photo", "posted_photo": {"id": 6, "owner_id": 2, "photo_130": "s", "photo_604": "l"}},
            {"type": "graffiti", "graffiti": {"id": 7, "owner_id": 2, "photo_200": "s", "photo_586": "l"}},
            {"type": "poll", "poll": {"id": 8}},
            {"type": "photo"},
        ],
        "copy_history": [
            {"id": 7, "owner_id": -8, "text": "первый #тег", "attachments": [photo(9, sizes=sizes("x"))],
             "copy_history": [
                 {"id": 6, "owner_id": -9, "text": "исток", "attachments": [photo(10, sizes=sizes("y"))]},
             ]},
        ],
    }  # fmt: skip
    post = parse_post(item)
    assert post is not None
    assert [(p.kind, p.url) for p in post.photos] == [
        ("doc", "gif?x"), ("doc_preview", "p"), ("link", "u/x?a=1&b=2"), ("video", "v"), ("photo", "l"),
        ("graffiti", "l"), ("photo", "u/x?a=1&b=2"), ("photo", "u/y?a=1&b=2"),
    ]  # fmt: skip
    assert (post.key, post.origin_key, post.text, post.description) == ("-1_5", "-9_6", "", "исток")
