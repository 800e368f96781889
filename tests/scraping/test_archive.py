"""Raw answers are kept as they came, and read back whatever wraps them."""

from __future__ import annotations

import pytest

from memecap.scraping.archive import wall_name


def test_half_an_emoji_is_archived_as_it_came(tmp_path):
    """VK cuts texts anywhere; the raw answer is kept, and UTF-8 cannot hold the half."""
    from memecap.scraping.archive import Archive

    page = {"wall": "-1", "offset": 0, "response": {"count": 1, "items": [{"id": 1, "text": "кот \ud83d"}]}}
    archive = Archive(tmp_path)
    archive.add("-1", [page, page])
    assert list(archive.pages("-1")) == [page, page]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("textmeme", "textmeme"), ("https://vk.com/textmeme", "textmeme"), ("vk.ru/Text.Meme/", "text.meme"),
        ("https://m.vk.com/club123?w=wall", "-123"), ("public5", "-5"), ("-5", "-5"), ("id7", "7"), ("@memes", "memes"),
        ("https://vk.com/wall-8", "-8"), ("club_of_memes", "club_of_memes"), (" clubbing ", "clubbing"),
    ],
)  # fmt: skip
def test_names_of_walls(written: str, name: str) -> None:
    assert wall_name(written) == name
