"""Walls as VK has told them since 2012, in every wrapping people save them in: no post and no picture is lost."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memecap.scraping.photos import OWN_KINDS
from memecap.scraping.post import Post, read_posts
from memecap.scraping.scrape import replay
from memecap.scraping.wall import count_of, is_wall, parse_wall

Json = dict[str, Any]


class Teller:
    """Makes posts of one generation at random, and remembers which pictures each should be found to have."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.number = seed * 100_000
        self.pictures: dict[str, list[str]] = {}  # post → addresses of its own pictures

    def id(self) -> int:
        self.number += 1
        return self.number

    def wall(self, dress: Callable[[Teller, int], tuple[Json, list[str]]]) -> list[Json]:
        posts = []
        for _ in range(self.chance.randrange(5)):
            owner, post_id = -self.id(), self.id()
            post, own = dress(self, owner)
            self.pictures[f"{owner}_{post_id}"] = own
            posts.append({**self.noise(), **post, "id": post_id, "date": 1_300_000_000 + post_id})
        return posts

    def noise(self) -> Json:
        """Keys that say nothing about pictures, missing, null or there."""
        noise: Json = {
            "text": self.chance.choice(["", None, "кот &quot;мяу&quot;<br>#мем", "[club1|Мемы] \ud83d"]),
            "comments": {"count": 1}, "likes": None, "geo": {"place": {"photos": []}}, "signer_id": 7,
            "marked_as_ads": self.chance.choice([0, 1, None]), "post_source": {"type": "vk"}, "hash": "x",
            "copyright": {"id": 1, "link": "https://a"}, "is_deleted": True, "deleted_reason": "…", "donut": {},
            "reply_owner_id": -5, "can_pin": 1, "carousel_offset": 0, "short_text_rate": 0.8,
        }  # fmt: skip
        return {key: value for key, value in noise.items() if self.chance.random() < 0.5}

    def url(self, name: str) -> str:
        return f"https://sun1.userapi.com/{self.id()}/{name}.jpg?size=1x1&quality=96"


def old_photo(teller: Teller) -> tuple[Json, str]:
    """Before 5.0: `pid`, `src`, `src_big` … as large as the picture was."""
    names = ["src_small", "src", "src_big", "src_xbig", "src_xxbig", "src_xxxbig"][: teller.chance.randint(2, 6)]
    urls = {name: teller.url(name) for name in names}
    photo = {"pid": teller.id(), "aid": -7, "owner_id": -1, "created": 1, "text": "", **urls}
    return {"type": "photo", "photo": photo}, urls[names[-1]]


def numbered_photo(teller: Teller) -> tuple[Json, str]:
    """5.0 to 5.76: `photo_75` … `photo_2560`."""
    names = [f"photo_{edge}" for edge in (75, 130, 604, 807, 1280, 2560)][: teller.chance.randint(1, 6)]
    urls = {name: teller.url(name) for name in names}
    kind = teller.chance.choice(["photo", "posted_photo"])
    more = {} if teller.chance.random() < 0.3 else {"width": 700, "height": 500}
    return {"type": kind, kind: {"id": teller.id(), "owner_id": -1, "album_id": -7, **urls, **more}}, urls[names[-1]]


def sized_photo(teller: Teller) -> tuple[Json, str]:
    """5.77 on: `sizes`, whole copies and crops in any order, now and then without their measures."""
    letters = "smxyzw"[: teller.chance.randint(1, 6)]
    edges = {"s": 75, "m": 130, "x": 604, "y": 807, "z": 1080, "w": 2560, "o": 130, "p": 200, "q": 320, "r": 510}
    unmeasured = teller.chance.choice(["", "", letters, letters[-1], "smxyzwopqr"])
    source = teller.chance.choice(["url", "src"])
    sizes = []
    for letter in letters + "opqr"[: teller.chance.randrange(5)]:
        width, height = (0, 0) if letter in unmeasured else (edges[letter], edges[letter] * 3 // 4)
        sizes.append({"type": letter, "width": width, "height": height, source: teller.url(letter)})
    best = sizes[len(letters) - 1][source]
    teller.chance.shuffle(sizes)
    return {"type": "photo", "photo": {"id": teller.id(), "owner_id": -1, "sizes": sizes}}, str(best)


def new_photo(teller: Teller) -> tuple[Json, str]:
    """5.199 of today: sizes with `orig_photo`."""
    attachment, _ = sized_photo(teller)
    original = teller.url("orig")
    attachment["photo"]["orig_photo"] = {"type": "base", "url": original, "width": 9, "height": 9}
    return {"style": "default", **attachment}, original


def file(teller: Teller) -> tuple[Json, str]:
    url = teller.url("doc")
    sizes = [{"src": teller.url("m"), "width": 130, "height": 100, "type": "m"}]
    doc = {"id": teller.id(), "owner_id": -1, "ext": teller.chance.choice(["gif", "png", "JPG"]), "url": url}
    return {"type": "doc", "doc": {**doc, "preview": {"photo": {"sizes": sizes}}}}, url


def others(teller: Teller) -> list[Json]:
    """Attachments that are not the post's own pictures, and some that are nothing at all."""
    size = {"url": teller.url("other"), "width": 5, "height": 5}
    all_of_them: list[Any] = [
        {"type": "link", "link": {"url": "https://a", "photo": {"id": teller.id(), "owner_id": -1, "sizes": [size]}}},
        {"type": "link", "link": {"url": "https://a", "image_src": teller.url("link"), "image_big": teller.url("big")}},
        {"type": "link", "link": {"url": "https://a", "title": "без картинки"}},
        {"type": "video", "video": {"id": 1, "owner_id": -1, "image": [size], "first_frame": [size]}},
        {"type": "video", "video": {"vid": 1, "owner_id": -1, "image": teller.url("v"), "image_big": teller.url("v")}},
        {"type": "album", "album": {"id": "1_2", "thumb": {"id": 4, "owner_id": -1, "sizes": [size]}}},
        {"type": "market", "market": {"id": 2, "owner_id": -1, "thumb_photo": teller.url("goods")}},
        {"type": "market_album", "market_album": {"id": 2, "photo": {"id": 9, "owner_id": -1, "sizes": [size]}}},
        {"type": "pretty_cards", "pretty_cards": {"cards": [{"card_id": "1", "images": [size]}, None]}},
        {"type": "photos_list", "photos_list": ["1_2", "3_4"]},
        {"type": "doc", "doc": {"id": 3, "owner_id": -1, "ext": "pdf", "url": "https://b"}},
        {"type": "poll", "poll": {"photo": {"images": [size]}}}, {"type": "sticker", "sticker": {"images": [size]}},
        {"type": "audio", "audio": {"thumb": {"photo_300": teller.url("a")}}}, {"type": "newer_than_us", "x": 1},
        {"type": "photo", "photo": None}, {"type": "photo"}, {"type": None}, {}, None, 5, "photo", [],
    ]  # fmt: skip
    return teller.chance.sample(all_of_them, teller.chance.randrange(4))


def attached(teller: Teller, *kinds: Callable[[Teller], tuple[Json, str]]) -> tuple[Any, list[str]]:
    """A value of `attachments` and the addresses of the own pictures in it."""
    made = [teller.chance.choice(kinds)(teller) for _ in range(teller.chance.choice([0, 1, 1, 2, 3, 10]))]
    mixed: list[Any] = [attachment for attachment, _ in made]
    for other in others(teller):
        mixed.insert(teller.chance.randint(0, len(mixed)), other)
    return mixed or teller.chance.choice([[], None, ""]), [url for _, url in made]


def of_2012(teller: Teller, owner: int) -> tuple[Json, list[str]]:
    attachments, own = attached(teller, old_photo)
    post: Json = {"to_id": owner, "from_id": owner, "post_type": "post"}
    if isinstance(attachments, list) and attachments:
        post["attachment"] = attachments[0]
        if len(attachments) > 1 or teller.chance.random() < 0.7:
            post["attachments"] = attachments
    if teller.chance.random() < 0.3:
        post |= {"copy_owner_id": -99, "copy_post_id": 3, "copy_text": "смотрите"}
    return post, own


def of_lists(*kinds: Callable[[Teller], tuple[Json, str]]) -> Callable[[Teller, int], tuple[Json, list[str]]]:
    def dress(teller: Teller, owner: int) -> tuple[Json, list[str]]:
        attachments, own = attached(teller, *kinds)
        post: Json = {"owner_id": owner, "from_id": owner}
        if attachments or teller.chance.random() < 0.5:
            post["attachments"] = attachments
        history = []
        for _ in range(teller.chance.choice([0, 0, 1, 2])):
            earlier, more = attached(teller, *kinds)
            history.append({"id": teller.id(), "owner_id": -teller.id(), "text": "исток", "attachments": earlier})
            own += more
        if history or teller.chance.random() < 0.2:
            post["copy_history"] = [*history, *teller.chance.sample([None, {}], teller.chance.randrange(2))]
        return post, own

    return dress


GENERATIONS = {
    "2012": of_2012,
    "5.0 to 5.76": of_lists(numbered_photo, file),
    "5.77 to 5.1xx": of_lists(sized_photo, file),
    "5.199": of_lists(new_photo, sized_photo, file),
    "mixed": of_lists(old_photo, numbered_photo, sized_photo, new_photo, file),
}
EXTENDED: Json = {
    "groups": [{"id": 1, "name": "Мемы"}],
    "profiles": [{"id": 5, "first_name": "А"}],
    "reaction_sets": [],
}
WRAPPINGS: dict[str, Callable[[list[Json]], Any]] = {
    "items": lambda posts: {"count": 900, "items": posts},
    "response": lambda posts: {"response": {"count": 900, "items": posts}},
    "count first": lambda posts: {"response": [900, *posts]},
    "bare count first": lambda posts: [900, *posts],
    "bare list": lambda posts: posts,
    "extended": lambda posts: {"response": {"count": 900, "items": posts, **EXTENDED}},
    "extended before 5.0": lambda posts: {"response": {"wall": [900, *posts], **EXTENDED}},
    "execute": lambda posts: {
        "response": [{"count": 9, "items": posts[:2]}, False, {"count": 9, "items": posts[2:]}],
        "execute_errors": [{"method": "wall.get", "error_code": 13}],
    },
    "execute with names": lambda posts: {"response": {"items": [{"count": 9, "items": posts}], "offset": 100}},
    "several answers": lambda posts: [{"response": {"items": posts[:1]}}, {"response": {"items": posts[1:]}}],
    "numbered": lambda posts: {"response": {"count": 9, "items": {str(i): post for i, post in enumerate(posts)}}},
    "archive": lambda posts: {"wall": "memes", "pass": "tail", "offset": 0, "response": {"count": 9, "items": posts}},
}  # fmt: skip


@pytest.mark.parametrize("generation", GENERATIONS)
def test_all_posts_and_pictures_of_every_generation_are_found(generation: str) -> None:
    for seed in range(1, 150):
        teller = Teller(seed)
        wrapping = list(WRAPPINGS)[seed % len(WRAPPINGS)]
        answer = WRAPPINGS[wrapping](teller.wall(GENERATIONS[generation]))
        posts = parse_wall(json.loads(json.dumps(answer)))
        found = {post.key: [photo.url for photo in post.photos if photo.kind in OWN_KINDS] for post in posts}
        assert found == teller.pictures, (wrapping, seed)


def test_numbers_written_as_text_are_numbers() -> None:
    teller = Teller(5)
    posts = teller.wall(GENERATIONS["5.199"])
    text = json.dumps(posts)
    for post in posts:
        for name in ("id", "owner_id", "date"):
            text = text.replace(f'"{name}": {post[name]}', f'"{name}": "{post[name]}"')
    assert parse_wall(json.loads(text)) == parse_wall(posts)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_replay_takes_every_wrapping(wrapping: str, tmp_path: Path) -> None:
    teller = Teller(7)
    posts = [post for dress in GENERATIONS.values() for post in teller.wall(dress)]
    answer = WRAPPINGS[wrapping](posts)
    (tmp_path / "answer.json").write_text(json.dumps(answer, indent=1), encoding="utf-8-sig")
    lines = [json.dumps(answer), json.dumps({"error": {"error_code": 6}})]
    (tmp_path / "answer.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    for name in ("answer.json", "answer.jsonl.gz"):
        assert replay([tmp_path / name], tmp_path / "out" / name).n_posts == len(posts)
        found = {
            post.key: [photo.url for photo in post.photos if photo.kind in OWN_KINDS]
            for post in read_posts(tmp_path / "out" / name)
        }
        assert found == teller.pictures


def test_previews_of_other_things_are_told_apart() -> None:
    size = {"url": "u", "width": 5, "height": 5}
    attachments = [
        {"type": "link", "link": {"url": "https://a", "image_src": "l"}},
        {"type": "market", "market": {"id": 2, "owner_id": -1, "thumb_photo": "g"}},
        {"type": "pretty_cards", "pretty_cards": {"cards": [{"images": [size]}, {"images": [{**size, "url": "v"}]}]}},
        {"type": "podcast", "podcast": {"id": 1, "owner_id": -1, "cover": {"sizes": [{**size, "url": "c"}]}}},
    ]
    (post,) = parse_wall([{"id": 1, "owner_id": -1, "attachments": attachments}])
    assert [(photo.kind, photo.url) for photo in post.photos] == [
        ("link", "l"), ("market", "g"), ("pretty_cards", "u"), ("pretty_cards", "v"), ("podcast", "c"),
    ]  # fmt: skip


JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    10**30,
    "",
    "x",
    "5",
    [],
    {},
    [None],
    [[]],
    {"0": 1},
    "\ud800",
    {"url": 5},
]


def damage(value: Any, chance: random.Random) -> Any:
    """The value with one place in it, at any depth, replaced by junk."""
    places = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not places or chance.random() < 0.08:
        return chance.choice(JUNK)
    place = chance.choice(places)
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[place] = damage(value[place], chance)
    return copy


def test_no_damage_stops_the_parser() -> None:
    for seed in range(1, 400):
        teller, chance = Teller(seed), random.Random(seed)
        answer = chance.choice(list(WRAPPINGS.values()))(teller.wall(chance.choice(list(GENERATIONS.values()))))
        for _ in range(chance.randint(1, 6)):
            answer = damage(answer, chance)
        for post in parse_wall(answer):
            assert Post.from_json(json.loads(json.dumps(post.to_json()))) == post
        assert is_wall(answer) in (True, False) and count_of(answer) is not None
