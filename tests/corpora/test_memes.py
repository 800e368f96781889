"""Memes from tables of captions and from the posts of a scrape."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.corpora import memes
from memecap.errors import MissingFileError
from memecap.scraping.post import Photo, Post, write_posts
from tests.corpora.sources import items


def test_memes_tables(meme_tables: Path) -> None:
    found = items(memes.Memes, source=meme_tables)
    assert [item.split for item in found] == ["train"] * 6 + ["val"] * 3
    assert found[0].captions == ('Надпись "мем 0".',)
    assert found[0].image == meme_tables / "images" / "0.jpg"


def test_memes_from_posts(tmp_path: Path) -> None:
    def photo(number: int, kind: str = "photo", **more: str) -> Photo:
        return Photo(kind=kind, owner_id=-1, photo_id=number, url="u", **{"file": f"images/{number}.jpg", **more})

    def post(number: int, *photos: Photo, **more: object) -> Post:
        values = {"description": f"мем {number}", "text": f"мем {number} #тег", "date": number, **more}
        return Post(owner_id=-1, post_id=number, photos=photos, **values)

    posts = [
        post(1, photo(1)),
        post(2, photo(2), photo(3)),
        post(3, photo(4), origin_owner_id=-9, origin_post_id=8),
        post(4, photo(5, file="", reason="http-404")),
        post(5, photo(6), description=""),
        post(6, photo(7), is_ad=True),
        post(7, photo(8, kind="link")),
        post(8),
    ]
    write_posts(tmp_path, posts)
    found = {item.key: item for item in items(memes.Memes, source=tmp_path)}
    assert list(found) == ["-1_1", "-1_2", "-1_3", "-1_4"]
    assert found["-1_1"].image == tmp_path / "images" / "1.jpg"
    assert found["-1_1"].source_captions == ("мем 1 #тег",)
    assert found["-1_1"].source_url == "https://vk.com/wall-1_1"
    assert found["-1_3"].group == "-9_8"
    assert (found["-1_4"].image, found["-1_4"].reason) == (None, "not fetched: http-404")
    assert [item.key for item in items(memes.Memes, source=tmp_path, several="skip")] == ["-1_1", "-1_3", "-1_4"]


def test_memes_from_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"posts\.jsonl"):
        items(memes.Memes, source=tmp_path)
