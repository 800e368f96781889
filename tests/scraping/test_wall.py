"""Answers of every shape become posts with all their pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memecap.scraping.photos import best_size, photos_of
from memecap.scraping.post import Post
from memecap.scraping.wall import count_of, items_of, parse_post, parse_wall

BASE = {"id": 5, "owner_id": -1, "date": 1_600_000_000}


def photo(photo_id: int = 1, **picture: Any) -> dict[str, Any]:
    return {"type": "photo", "photo": {"id": photo_id, "owner_id": -1, **picture}}


def sizes(*letters: str) -> list[dict[str, Any]]:
    edge = {"s": 75, "m": 130, "x": 604, "y": 807, "z": 1080, "w": 2560, "o": 130, "p": 200, "q": 320, "r": 5000}
    return [{"type": letter, "url": f"u/{letter}?a=1&b=2", "width": edge[letter], "height": 50} for letter in letters]


def url_of(attachment: dict[str, Any]) -> str:
    (found,) = photos_of([attachment])
    return found.url


@pytest.mark.real
def test_the_real_answer_of_2020(shared_data: Path) -> None:
    answer = json.loads((shared_data / "vk" / "wall_get_2020.json").read_text(encoding="utf-8"))
    posts = parse_wall(answer)
    assert len(posts) == len(answer["items"]) == 10
    expected = [
        (attachment["photo"]["owner_id"], attachment["photo"]["id"])
        for item in answer["items"]
        for attachment in item["attachments"]
        if attachment["type"] == "photo"
    ]
    found = [(p.owner_id, p.photo_id) for post in posts for p in post.photos if p.kind == "photo"]
    assert found == expected
    assert [len([p for p in post.photos if p.kind == "doc"]) for post in posts] == [0, 3] + [0] * 8
    assert posts[0].is_pinned
    assert not any(post.is_ad for post in posts)
    assert "[club" not in posts[0].description and "http" not in posts[0].description
    for post in posts:
        assert Post.from_json(json.loads(json.dumps(post.to_json()))) == post
        for picture in post.photos:
            assert picture.url in json.dumps(answer, ensure_ascii=False)


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


@pytest.mark.parametrize(
    "item",
    [
        BASE,
        {**BASE, "attachments": []},
        {**BASE, "attachments": None, "text": None, "copy_history": None, "marked_as_ads": None},
        {**BASE, "attachments": [None, 3, {"type": []}, {"type": "photo", "photo": []}]},
        {**BASE, "attachments": [photo(sizes=None), photo(sizes=[]), photo(sizes=[None])]},
        {**BASE, "copy_history": [None, {}]},
        {"id": 5, "to_id": -1, "date": 1_600_000_000},
    ],
)  # fmt: skip
def test_poor_items_are_posts_without_pictures(item: dict[str, Any]) -> None:
    post = parse_post(item)
    assert post is not None
    assert (post.key, post.photos, post.is_ad) == ("-1_5", (), False)


def test_flags() -> None:
    parsed = [
        parse_post({**BASE, **more})
        for more in ({"marked_as_ads": 1}, {"post_type": "post_ads"}, {"is_pinned": 1}, {"marked_as_ads": 0}, {})
    ]
    assert [(post.is_ad, post.is_pinned) for post in parsed if post] == [
        (True, False), (True, False), (False, True), (False, False), (False, False),
    ]  # fmt: skip


def test_an_answer_may_be_wrapped_or_bare() -> None:
    items = [{**BASE, "id": i} for i in (3, 2, 1)]
    for answer in ({"response": {"count": 9, "items": items}}, {"count": 9, "items": items}, [9, *items]):
        assert [post.post_id for post in parse_wall(answer)] == [3, 2, 1]
        assert count_of(answer) == 9
    assert count_of(items) == len(items_of(items)) == 3
    for junk in (None, 3, "text", {"error": {}}, {"response": None}, [], {"items": 4}):
        assert parse_wall(junk) == []


anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "photo", "sizes", "url", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


class Schemas:
    """VK's JSON schema → hypothesis strategies; a reference to a file that is not here gives anything."""

    def __init__(self, folder: Path) -> None:
        self.definitions: dict[str, Any] = {}
        for name in ("wall_objects", "photos_objects", "wall_responses"):
            self.definitions |= json.loads((folder / f"schema_{name}.json").read_text(encoding="utf-8"))["definitions"]
        self.made: dict[str, Any] = {}

    def of(self, name: str) -> Any:
        if name not in self.definitions:
            return anything
        if name not in self.made:
            self.made[name] = st.deferred(lambda: self.strategy(self.definitions[name]))
        return self.made[name]

    def strategy(self, schema: dict[str, Any]) -> Any:
        if "allOf" in schema:
            parts = [self.strategy(part) for part in schema["allOf"]]
            return st.tuples(*parts).map(lambda values: {k: v for value in values for k, v in value.items()})
        if "$ref" in schema:
            return self.of(schema["$ref"].rsplit("/", 1)[1])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind == "object":
            return self.object(schema.get("properties", {}))
        if kind == "array":
            return st.lists(self.strategy(schema["items"]), max_size=2)
        return {
            "integer": st.integers(schema.get("minimum", -(2**31)), 2**31),
            "number": st.floats(0, 1),
            "boolean": st.booleans(),
            "string": st.text(max_size=12),
        }.get(kind, anything)

    def object(self, properties: dict[str, Any]) -> Any:
        kept = {"attachments", "copy_history", "photo", "posted_photo", "sizes", "text", "type", "url", "width"}
        required = {k: self.strategy(v) for k, v in properties.items() if v.get("required") is True}
        optional = {
            k: self.strategy(v) for k, v in properties.items() if k not in required and k in kept | {"id", "date"}
        }
        return st.fixed_dictionaries(required, optional=optional)


@pytest.mark.real
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(chance=st.data())
def test_objects_made_from_vks_schema_parse(shared_data: Path, chance: st.DataObject) -> None:
    schemas = Schemas(shared_data / "vk")
    items = chance.draw(st.lists(schemas.of("wall_wallpost_full"), max_size=2))
    answer = {"response": {"count": len(items), "items": items}}
    posts = parse_wall(answer)
    named = [item for item in items if "id" in item and "owner_id" in item]
    assert len(posts) >= len(named)
    for post in posts:
        assert Post.from_json(json.loads(json.dumps(post.to_json()))) == post


@settings(max_examples=200, deadline=None, derandomize=True)
@given(item=st.dictionaries(st.sampled_from(["attachments", "copy_history", "text", "date", "is_pinned"]), anything))
def test_anything_at_all_parses(item: dict[str, Any]) -> None:
    assert parse_post({**item, "id": 1, "owner_id": -1}) is not None


def test_half_an_emoji_is_archived_as_it_came(tmp_path):
    """VK cuts texts anywhere; the raw answer is kept, and UTF-8 cannot hold the half."""
    from memecap.scraping.archive import Archive

    page = {"wall": "-1", "offset": 0, "response": {"count": 1, "items": [{"id": 1, "text": "кот \ud83d"}]}}
    archive = Archive(tmp_path)
    archive.add("-1", [page, page])
    assert list(archive.pages("-1")) == [page, page]
