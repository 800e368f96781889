"""Scraping communities from the local VK: folder, later runs, limits of what is wanted, replay, estimate."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from memecap.demo.vk_server import FIRST_DATE
from memecap.errors import DataError, MissingFileError, TryLaterError
from memecap.scraping.estimate import estimate
from memecap.scraping.post import read_posts
from memecap.scraping.scrape import Selection, replay, scrape
from memecap.scraping.vk import Vk
from tests.scraping.conftest import VirtualClock
from tests.scraping.local_vk import VkServer, WallPost

Paint = Callable[[int], list[Path]]


def wall(paint: Paint, n: int) -> list[WallPost]:
    """Posts of which one in ten has a picture: the first, the eleventh …"""
    paths = paint(-(-n // 10))
    return [
        WallPost(f'надпись "{i}" #мем https://vk.cc/{i}', [paths[i // 10]] if i % 10 == 0 else []) for i in range(n)
    ]


def texts(n: int) -> list[WallPost]:
    return [WallPost(str(i)) for i in range(n)]


def open_vk(server: VkServer, clock: VirtualClock) -> Vk:
    return Vk(server.token, clock=clock, address=server.address)


def ids(folder: Path) -> list[int]:
    return [post.post_id for post in read_posts(folder)]


def test_posts_and_pictures_arrive(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer({"memes": wall(paint, 130)}) as server:
        summary = scrape(["https://vk.com/memes"], tmp_path, open_vk(server, clock))
    posts = list(read_posts(tmp_path))
    assert (summary.n_posts, summary.n_fetched, summary.reasons) == (130, 13, {})
    assert [post.post_id for post in posts] == list(range(1, 131))
    assert posts[-1].description == 'надпись "0"'
    assert posts[-1].text == 'надпись "0" #мем https://vk.cc/0'
    with Image.open(tmp_path / posts[-1].photos[0].file) as image:
        assert (image.mode, image.size) == ("RGB", (50, 40))


def test_a_second_run_brings_only_what_is_new(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    posts = wall(paint, 120)
    with VkServer({"memes": posts[15:]}) as server:
        vk = open_vk(server, clock)
        scrape(["memes"], tmp_path, vk)
        server.world.calls.clear()
        server.picture_requests.clear()
        server.add_wall("memes", posts, owner_id=-1000)
        summary = scrape(["memes"], tmp_path, vk)
        assert (summary.n_posts, summary.n_new_posts) == (120, 15)
        assert server.world.calls == ["wall.get"]
        assert len(server.picture_requests) == 2
        again = (tmp_path / "posts.jsonl").read_bytes()
        assert scrape(["memes"], tmp_path, vk).n_new_posts == 0
        assert (tmp_path / "posts.jsonl").read_bytes() == again
        assert len(server.picture_requests) == 2


def test_an_edited_post_is_brought_up_to_date(tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer({"memes": texts(20)}) as server:
        vk = open_vk(server, clock)
        scrape(["memes"], tmp_path, vk)
        server.world.walls["memes"][3]["text"] = "исправлено"
        scrape(["memes"], tmp_path, vk)
    assert [post.text for post in read_posts(tmp_path) if post.post_id == 17] == ["исправлено"]


def test_dates_and_numbers_limit_what_is_read_and_kept(tmp_path: Path, clock: VirtualClock) -> None:
    posts = texts(400)
    posts[300] = replace(posts[300], is_pinned=True)  # post 100: it stands first
    day = FIRST_DATE + 3600 * 350
    with VkServer({"memes": posts}, is_service_token=True) as server:
        vk = open_vk(server, clock)
        scrape(["memes"], tmp_path / "since", vk, selection=Selection(since=day))
        assert ids(tmp_path / "since") == list(range(350, 401))
        assert len(server.world.calls) == 1
        scrape(["memes"], tmp_path / "span", vk, selection=Selection(since=day - 7200, until=day))
        assert ids(tmp_path / "span") == [348, 349, 350]
        scrape(["memes"], tmp_path / "newest", vk, selection=Selection(max_posts=150))
        assert ids(tmp_path / "newest") == list(range(251, 401))
        server.world.calls.clear()
        scrape(["memes"], tmp_path / "newest", vk, selection=Selection(max_posts=180))  # further down, nothing twice
        assert ids(tmp_path / "newest") == list(range(221, 401))
        scrape(["memes"], tmp_path / "newest", vk)
        assert ids(tmp_path / "newest") == list(range(1, 401))
        scrape(["memes"], tmp_path / "newest", vk, selection=Selection(max_posts=3))
        assert len(ids(tmp_path / "newest")) == 400  # what was written stays


def test_reposts_ads_pins_and_old_shapes(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    a, b, c, d = paint(4)
    origin = WallPost("исток", [b])
    posts = [
        WallPost("старое", [a], is_pinned=True, shape="old"),
        WallPost("", repost_of=origin),
        WallPost("реклама", [c], is_ad=True),
        WallPost("ничего", shape="old"),
        WallPost("две", [d, a]),
    ]
    with VkServer({"memes": posts}) as server:
        summary = scrape(["memes"], tmp_path, open_vk(server, clock))
        ad_fetched = scrape(["memes"], tmp_path, open_vk(server, clock), selection=Selection(ads=True)).n_fetched
    by_text = {post.description: post for post in read_posts(tmp_path)}
    assert (summary.n_posts, summary.n_photos, summary.n_fetched, ad_fetched) == (5, 5, 4, 5)
    assert by_text["старое"].is_pinned and by_text["старое"].photos[0].file
    assert by_text["исток"].origin_key == "-1500_70004" and by_text["исток"].key == "-1000_4"
    assert by_text["реклама"].is_ad
    assert [photo.photo_id for photo in by_text["две"].photos] == [100, 101]


def test_pictures_that_are_not_asked_for_say_so(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer({"memes": [WallPost("реклама", paint(1), is_ad=True)]}) as server:
        scrape(["memes"], tmp_path, open_vk(server, clock))
    (post,) = read_posts(tmp_path)
    assert (post.photos[0].reason, post.photos[0].file) == ("not_asked", "")


def test_several_communities_in_one_folder(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer({"one": wall(paint, 3), "two": texts(4)}) as server:
        scrape(["@one", "https://vk.com/club2000", "one"], tmp_path, open_vk(server, clock))
        assert server.world.calls == ["wall.get", "wall.get"]
    assert [post.key for post in read_posts(tmp_path)] == [f"-2000_{i}" for i in (1, 2, 3, 4)] + [
        f"-1000_{i}" for i in (1, 2, 3)
    ]


def test_a_stop_saves_what_was_read(tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer({"memes": texts(450)}, is_service_token=True) as server:
        vk = open_vk(server, clock)

        def captcha(world: object, method: str) -> None:
            if len(server.world.calls) == 4:
                server.world.errors.append(14)

        server.world.before_call = captcha  # type: ignore[assignment]
        with pytest.raises(TryLaterError, match="captcha"):
            scrape(["memes"], tmp_path, vk)
        server.world.before_call = None
        n_files = len(list((tmp_path / "raw").iterdir()))
        server.world.calls.clear()
        assert scrape(["memes"], tmp_path, vk).n_posts == 450
        assert n_files == 2
        assert server.world.calls == ["wall.get"] * 4  # the three pages that were missing, and a look at the top


def test_replay_gives_the_same_posts_without_the_network(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer({"memes": wall(paint, 130)}) as server:
        scrape(["memes"], tmp_path, open_vk(server, clock))
    before = (tmp_path / "posts.jsonl").read_bytes()
    (tmp_path / "posts.jsonl").unlink()
    replay(sorted((tmp_path / "raw").glob("*.gz")), tmp_path)
    assert (tmp_path / "posts.jsonl").read_bytes() == before


def test_replay_reads_plain_answers_in_every_wrapping(tmp_path: Path) -> None:
    items = [{"id": i, "owner_id": -1, "date": i, "text": "раз\u2028два"} for i in (2, 1)]
    answers = {"a": {"response": {"count": 2, "items": items}}, "b": {"count": 2, "items": items}, "c": items}
    for name, answer in answers.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(answer, ensure_ascii=False, indent=1), encoding="utf-8")
        assert replay([file], tmp_path / name).n_posts == 2
    lines = tmp_path / "lines.jsonl"
    lines.write_text("\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers.values()), encoding="utf-8")
    assert replay([lines], tmp_path / "lines").n_posts == 2


@pytest.mark.parametrize("content", ["", "{", '{"error": {"error_code": 5}}', "3", '{"a": 1}\n{"b"'])
def test_replay_of_something_else_is_bad_data(content: str, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        replay([file], tmp_path / "out")
    assert str(file) in str(caught.value)
    with pytest.raises(MissingFileError):
        replay([tmp_path / "absent"], tmp_path / "out")
    file.write_bytes(b"\x1f\x8bnot gzip")
    with pytest.raises(DataError):
        replay([file], tmp_path / "out")


def test_an_estimate_costs_one_call_a_wall(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    posts = wall(paint, 100) + texts(200)
    with VkServer({"memes": posts}) as server:
        vk = open_vk(server, clock)
        (whole,) = estimate(["memes"], vk, Selection())
        assert (whole.posts, whole.pictures, whole.calls) == (300, 30, 4)
        (newest,) = estimate(["memes"], vk, Selection(max_posts=50))
        assert (newest.posts, newest.pictures, newest.calls) == (50, 5, 1)
        (recent,) = estimate(["memes"], vk, Selection(since=FIRST_DATE + 3600 * 151))
        assert (recent.posts, recent.calls) == (150, 2)
        (past,) = estimate(["memes"], vk, Selection(since=FIRST_DATE + 3600 * 101, until=FIRST_DATE + 3600 * 200))
        assert past.posts == 100
        server.world.errors.append(15)
        assert "error 15" in estimate(["memes"], vk, Selection())[0].reason
        assert len(server.world.calls) == 5
