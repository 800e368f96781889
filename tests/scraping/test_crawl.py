"""A wall that changes between calls loses nothing and doubles nothing, also when the reading is stopped and goes on."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from memecap.demo.vk_server import TOKEN
from memecap.scraping.crawl import read_wall
from memecap.scraping.selection import Selection
from memecap.scraping.wall import posts_of
from tests.scraping.local_vk import World

OWNER = -7


class Stopped(Exception):
    """The process ends here."""


class Memory:
    """An archive without a disk."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def pages(self, wall: str) -> Iterator[Any]:
        yield from json.loads(json.dumps(self.records))

    def add(self, wall: str, pages: Sequence[Mapping[str, Any]]) -> None:
        self.records += pages


class MovingWall:
    """A wall on which, before each call, posts arrive at the top, vanish anywhere, are pinned and unpinned."""

    may_batch = True

    def __init__(self, seed: int, *, n: int = 350, violence: int = 30) -> None:
        self.random = random.Random(seed)
        self.violence = violence
        self.n_posts = 0
        self.frozen = False
        self.world = World(walls={"w": []}, owners={"w": OWNER}, before_call=self.change)
        self.visible_at_top: set[int] = set()
        self.stop_at = -1
        self.arrive(n)
        if self.random.random() < 0.5 and n:
            self.pin()
        # A post that is pinned and unpinned again while we read goes back to where we have been: no paging can see it.
        self.n_pins = 1

    def pin(self) -> None:
        self.n_pins = 0
        for item in self.world.walls["w"]:
            item.pop("is_pinned", None)
        self.random.choice(self.world.walls["w"])["is_pinned"] = 1

    def arrive(self, n: int) -> None:
        for _ in range(n):
            self.n_posts += 1
            item = {"id": self.n_posts, "owner_id": OWNER, "date": 1_000 + self.n_posts, "text": str(self.n_posts)}
            self.world.walls["w"].insert(0, item)

    def change(self, world: World, method: str) -> None:
        wall = world.walls["w"]
        if self.frozen:
            return
        self.arrive(self.random.choice((0, 0, 1, 3, self.random.randint(0, self.violence))))
        for _ in range(self.random.choice((0, 0, 1, 3, self.random.randint(0, self.violence)))):
            if wall:
                wall.pop(self.random.randrange(min(len(wall), self.random.choice((20, 150, 10_000)))))
        if self.n_pins and self.random.random() < 0.2:
            self.pin()

    def ids(self) -> set[int]:
        return {item["id"] for item in self.world.walls["w"]}

    # what read_wall calls
    def page(self, wall: str, offset: int, size: int) -> dict[str, Any]:
        if len(self.world.calls) == self.stop_at:
            raise Stopped
        parameters = {"domain": wall, "offset": str(offset), "count": str(size), "access_token": TOKEN}
        response = self.world.answer("wall.get", parameters)["response"]
        if offset == 0:
            self.visible_at_top = self.ids()
        return json.loads(json.dumps(response))

    def pages(self, wall: str, offsets: Sequence[int], size: int) -> list[dict[str, Any]]:
        return [self.page(wall, offset, size) for offset in offsets]


def found(archive: Memory) -> list[int]:
    return [post.post_id for post in posts_of(archive.pages("w")).values()]


@pytest.mark.parametrize("first_seed", range(0, 200, 50))
def test_nothing_is_lost_and_nothing_doubled(first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 50):
        wall, archive = MovingWall(seed), Memory()
        read_wall("w", wall, archive, Selection())
        ids = found(archive)
        assert len(ids) == len(set(ids)), seed
        assert (wall.visible_at_top & wall.ids()) - set(ids) == set(), seed


def test_plain_paging_would_lose_posts_on_these_walls() -> None:
    losses = 0
    for seed in range(20):
        wall = MovingWall(seed)
        ids: set[int] = set()
        for offset in range(0, 350, 100):
            ids |= {item["id"] for item in wall.page("w", offset, 100)["items"]}
        losses += bool(set(range(1, 351)) & wall.ids() - ids)
    assert losses > 10


def test_nothing_is_lost_when_the_reading_is_stopped_again_and_again() -> None:
    for seed in range(30):
        wall, archive = MovingWall(seed), Memory()
        for _ in range(4):
            wall.stop_at = len(wall.world.calls) + wall.random.randint(0, 6)
            try:
                read_wall("w", wall, archive, Selection(max_posts=wall.random.choice((None, 100, 200))))
            except Stopped:
                for _ in range(wall.random.randint(0, 5)):  # the wall lives on while we are away
                    wall.change(wall.world, "")
        wall.stop_at = -1
        read_wall("w", wall, archive, Selection())
        ids = found(archive)
        assert len(ids) == len(set(ids)), seed
        assert (wall.visible_at_top & wall.ids()) - set(ids) == set(), seed


def test_a_wall_that_loses_whole_pages_between_calls() -> None:
    for seed in range(25):
        wall, archive = MovingWall(seed, n=700, violence=130), Memory()
        read_wall("w", wall, archive, Selection())
        assert (wall.visible_at_top & wall.ids()) - set(found(archive)) == set(), seed


def test_posts_that_vk_counts_but_hides_do_not_stop_the_reading() -> None:
    wall, archive = MovingWall(1, n=700), Memory()
    wall.frozen = True
    hidden = set(range(300, 480))
    whole_page = wall.page

    def page(name: str, offset: int, size: int) -> dict[str, Any]:
        response = whole_page(name, offset, size)
        return {**response, "items": [item for item in response["items"] if item["id"] not in hidden]}

    wall.page = page  # type: ignore[method-assign]
    read_wall("w", wall, archive, Selection())
    assert set(found(archive)) == wall.ids() - hidden


def test_an_empty_wall_has_no_posts() -> None:
    wall, archive = MovingWall(1, n=0), Memory()
    wall.frozen = True
    read_wall("w", wall, archive, Selection())
    assert found(archive) == []
    assert wall.world.calls == ["wall.get"]


def test_a_still_wall_costs_the_fewest_pages() -> None:
    wall, archive = MovingWall(1, n=460), Memory()
    wall.frozen = True
    read_wall("w", wall, archive, Selection())
    assert [record["offset"] for record in archive.records] == [0, 90, 180, 270, 360]
    assert len(wall.world.calls) == 6  # and one look at the top
