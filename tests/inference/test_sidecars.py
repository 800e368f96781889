"""Captions beside pictures: each has a place of its own, and only memecap's own files are replaced."""

from pathlib import Path

import pytest

from memecap.errors import StorageError
from memecap.inference.sidecars import Sidecars


def touch(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).write_bytes(b"")
    return [folder / name for name in names]


def places(folder: Path, *names: str) -> list[str]:
    pictures = touch(folder, *names)
    sidecars = Sidecars(pictures)
    return [sidecars.path(picture).name for picture in pictures]


def test_each_picture_has_its_own_place(tmp_path: Path) -> None:
    assert places(tmp_path, "a.jpg", "x.jpg", "x.png") == ["a.txt", "x.jpg.txt", "x.png.txt"]


def test_names_that_look_like_sidecars_of_others(tmp_path: Path) -> None:
    found = places(tmp_path, "x.jpg", "x.png", "x.jpg.jpg", "Y.JPG", "y.png", "b.txt")
    assert len({name.lower() for name in found}) == len(found)
    assert "b.txt" not in found


def test_a_neighbour_that_is_not_captioned_counts(tmp_path: Path) -> None:
    one, _ = touch(tmp_path, "x.jpg", "x.png")
    assert Sidecars([one]).path(one).name == "x.jpg.txt"


def test_our_own_file_is_written_again_by_another_run(tmp_path: Path) -> None:
    (picture,) = touch(tmp_path, "a.jpg")
    Sidecars([picture]).write(picture, "кот")
    Sidecars([picture]).write(picture, "пёс")
    Sidecars([picture]).write(picture, "кот")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "кот\n"


def test_a_file_that_was_edited_is_kept(tmp_path: Path) -> None:
    (picture,) = touch(tmp_path, "a.jpg")
    place = Sidecars([picture]).write(picture, "кот")
    place.write_text("рыжий кот\n", encoding="utf-8")
    with pytest.raises(StorageError, match="did not write"):
        Sidecars([picture]).write(picture, "пёс")
    assert place.read_text(encoding="utf-8") == "рыжий кот\n"
    Sidecars([picture], overwrite=True).write(picture, "пёс")
    Sidecars([picture]).write(picture, "кот")  # ours since then
    assert place.read_text(encoding="utf-8") == "кот\n"


def test_a_torn_record_loses_nothing(tmp_path: Path) -> None:
    first, second = touch(tmp_path, "a.jpg", "b.jpg")
    Sidecars([first]).write(first, "кот")
    record = next(tmp_path.glob(".memecap-sidecars*"))
    record.write_bytes(record.read_bytes() + b'{"file": "b.t')
    Sidecars([second]).write(second, "пёс")
    for picture in (first, second):
        Sidecars([picture]).write(picture, "рыба")


def test_links_and_pictures_are_no_place_to_write(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    first, second, third = touch(tmp_path, "a.jpg", "b", "b.txt")
    (tmp_path / "a.txt").symlink_to(target)
    with pytest.raises(StorageError):
        Sidecars([first]).write(first, "кот")
    with pytest.raises(StorageError):
        Sidecars([second, third], overwrite=True).write(second, "кот")  # b.txt is a picture of this run
    assert target.read_text() == "mine"
