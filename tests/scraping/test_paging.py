"""Pages of a wall overlap: nothing is lost where it moves. Whole walls that move are read in test_crawl.py."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memecap.scraping.paging import Page, WallReader, step


def page(keys: list[str], offset: int, size: int) -> Page:
    return Page(offset, size, keys[offset : offset + size], len(keys))


@given(n=st.integers(0, 300), size=st.integers(1, 100))
def test_a_wall_that_stands_still_is_read_whole(n: int, size: int) -> None:
    keys, reader, seen, calls = [str(i) for i in range(n)], WallReader(), set[str](), 0
    while reader.offset is not None:
        came = page(keys, reader.offset, size)
        reader.take(came)
        seen.update(came.keys)
        calls += 1
        assert calls <= 3 * n + 5
    assert seen == set(keys)


@given(size=st.integers(1, 1000))
def test_neighbouring_pages_share_a_post_and_go_on(size: int) -> None:
    assert 1 <= step(size) <= max(1, size - 1)


def test_a_page_that_touches_nothing_is_read_again_from_further_up() -> None:
    keys, reader = [str(i) for i in range(100)], WallReader()
    assert reader.take(page(keys, 0, 20))
    asked = reader.offset
    assert asked == 18
    shrunk = keys[30:]  # what was read has gone from the wall, and more
    assert not reader.take(page(shrunk, asked, 20))
    assert reader.offset is not None and reader.offset < asked


def test_a_head_ends_where_it_meets_what_was_read() -> None:
    old, reader = [str(i) for i in range(30)], WallReader()
    while reader.offset is not None:
        reader.take(page(old, reader.offset, 10))
    reader.begin_head()
    new = ["a", "b", *old]
    assert reader.take(page(new, 0, 10))
    assert (reader.offset, reader.in_head) == (None, False)
