"""A post is written and read back as it was; lines that are no post are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.core import storage
from memecap.errors import DataError
from memecap.scraping.post import POSTS, Photo, Post, read_posts, write_posts

PHOTO = Photo(kind="photo", owner_id=-1, photo_id=9, url="u?a=1&b=2", width=5, file="images/9.jpg")
POSTS_OF_TWO = [
    Post(owner_id=-1, post_id=10, date=3, text="раз\u2028два", photos=(PHOTO,)),
    Post(owner_id=-1, post_id=9, date=4, origin_owner_id=-8, origin_post_id=7, is_ad=True),
    Post(owner_id=-2, post_id=1, date=5),
]


def test_posts_come_back_ordered_by_owner_and_number(tmp_path: Path) -> None:
    assert write_posts(tmp_path, POSTS_OF_TWO) == 3
    before = (tmp_path / POSTS).read_bytes()
    assert list(read_posts(tmp_path)) == [POSTS_OF_TWO[2], POSTS_OF_TWO[1], POSTS_OF_TWO[0]]
    write_posts(tmp_path, reversed(POSTS_OF_TWO))
    assert (tmp_path / POSTS).read_bytes() == before


def test_names_outlive_addresses() -> None:
    assert PHOTO.key == "photo-1_9"
    assert [post.origin_key for post in POSTS_OF_TWO] == ["-1_10", "-8_7", "-2_1"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"date": None}, "lacks ['date']"), ({"colour": 1}, "unknown ['colour']"), ({"photos": [{}]}, "a photo lacks")],
)
def test_a_line_that_is_no_post_is_named(changed: dict[str, object], told: str, tmp_path: Path) -> None:
    good = POSTS_OF_TWO[0].to_json()
    bad = {key: value for key, value in (good | changed).items() if value is not None}
    storage.write_jsonl(tmp_path / POSTS, [good, bad])
    with pytest.raises(DataError) as caught:
        list(read_posts(tmp_path))
    assert told in str(caught.value)
    assert f"{POSTS}, line 2" in str(caught.value)
