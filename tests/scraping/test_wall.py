"""Answers of every shape become posts with all their pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memecap.scraping.post import Post
from memecap.scraping.wall import count_of, items_of, parse_post, parse_wall
from tests.scraping.answers import BASE, photo


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
