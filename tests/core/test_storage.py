"""Files are whole or absent, locks hold, and what cannot be read or written is said."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError

from memecap.core import storage
from memecap.errors import DataError, MissingFileError, StorageError, TryLaterError


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    storage.write_text(path, "old\n")
    with pytest.raises(ZeroDivisionError), storage.atomic_writer(path) as file:
        file.write("half")
        raise ZeroDivisionError
    assert path.read_text() == "old\n"
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


def test_lines_end_alike_everywhere(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "f", "а\nб\n")
    assert (tmp_path / "f").read_bytes() == "а\nб\n".encode()


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    storage.write_text(path, "old")
    code = f"""
import os, signal
from pathlib import Path
from memecap.core.storage import atomic_writer
with atomic_writer(Path({str(path)!r})) as file:
    file.write("half"); file.flush(); os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert path.read_text() == "old"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        storage.write_text(tmp_path / "file" / "below", "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        storage.write_text(tmp_path / "folder", "")


def test_an_error_of_the_block_is_not_taken_for_one_of_writing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"), storage.atomic_writer(tmp_path / "out"):
        (tmp_path / "absent").read_text()
    assert not list(tmp_path.iterdir())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(json_values, max_size=4))
def test_json_lines_come_back(values: list[object]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "values.jsonl"
        assert storage.write_jsonl(path, values) == len(values)
        assert list(storage.read_jsonl(path)) == values


def test_half_an_emoji_is_kept(tmp_path: Path) -> None:
    storage.write_jsonl(tmp_path / "f.jsonl", [{"text": "мем \ud83d"}])
    assert list(storage.read_jsonl(tmp_path / "f.jsonl")) == [{"text": "мем \ud83d"}]


def test_json_comes_back(tmp_path: Path) -> None:
    storage.write_json(tmp_path / "f.json", {"мем": [1, 2.5, None]})
    assert storage.read_json(tmp_path / "f.json") == {"мем": [1, 2.5, None]}
    assert "мем" in (tmp_path / "f.json").read_text(encoding="utf-8")


def test_bad_json_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"a": 1}\n{"a": \n', encoding="utf-8")
    with pytest.raises(DataError, match="not JSON") as caught:
        list(storage.read_jsonl(path))
    assert caught.value.where == f"{path}, line 2"
    with pytest.raises(DataError, match="not JSON"):
        storage.read_json(path)
    path.write_bytes("мем".encode("cp1251"))
    with pytest.raises(DataError, match="UTF-8"):
        list(storage.read_jsonl(path))
    with pytest.raises(DataError):
        storage.read_json(path)


@pytest.mark.parametrize(
    "read", [storage.read_json, storage.sha256_file, lambda path: list(storage.read_jsonl(path))]
)  # fmt: skip
def test_files_that_are_not_there_or_not_files(read, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        read(tmp_path / "absent")
    with pytest.raises(StorageError, match="cannot read"):
        read(tmp_path)


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    again = pytest.raises(TryLaterError, match="another process")
    with storage.lock(tmp_path / "out"), again, storage.lock(tmp_path / "out"):
        pass
    with storage.lock(tmp_path / "out"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), storage.lock(tmp_path / "file"):
        pass


def test_a_lock_falls_with_its_process(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from memecap.core.storage import lock
with lock(Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    with storage.lock(tmp_path):
        pass


def test_checksums(tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    storage.write_bytes(tmp_path / "f", content, durable=False)
    storage.fsync()
    assert storage.sha256_file(tmp_path / "f") == storage.sha256_bytes(content) == hashlib.sha256(content).hexdigest()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_not_called_a_bad_folder(tmp_path: Path) -> None:
    (tmp_path / f".x.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="no space left on device") as caught:
        storage.write_text(tmp_path / "x", "кот")
    assert "space" in (caught.value.fix or "") and "permissions" not in (caught.value.fix or "")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        sqlite3.OperationalError("database or disk is full"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_every_way_of_saying_that_the_disk_is_full(error: Exception) -> None:
    assert "no space left on device" in storage.unwritable(error, None).what
    assert "no space" not in storage.unwritable(OSError(errno.EACCES, "Permission denied"), None).what


def test_a_place_is_tried_before_work(tmp_path: Path) -> None:
    storage.check_writable(tmp_path / "new" / "folder")
    assert not list((tmp_path / "new" / "folder").iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        storage.check_writable(tmp_path / "file" / "folder")


@pytest.mark.parametrize(
    ("content", "left"),
    [(b"", b""), (b"1\n2\n", b"1\n2\n"), (b"1\n2", b"1\n"), (b"1", b""), ("1\n\u043a".encode()[:-1], b"1\n")],
)
def test_a_torn_last_line_is_cut_off(tmp_path: Path, content: bytes, left: bytes) -> None:
    path = tmp_path / "lines"
    storage.cut_torn_line(path)
    assert not path.exists()
    path.write_bytes(content)
    storage.cut_torn_line(path)
    assert path.read_bytes() == left


def test_a_link_is_the_same_bytes_and_leaves_what_is_there(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"1")
    storage.link(source, tmp_path / "new" / "b")
    assert (tmp_path / "new" / "b").samefile(source)
    (tmp_path / "c").write_bytes(b"2")
    storage.link(source, tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"2"
    with pytest.raises(FileNotFoundError):
        storage.link(tmp_path / "gone", tmp_path / "d")
