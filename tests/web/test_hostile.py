"""Uploads of people who mean harm: each gets its code, the server goes on, and nothing is left on the disk."""

from __future__ import annotations

import base64
import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from memecap.web.app import create_app
from memecap.web.settings import Limits, Settings
from tests.web.conftest import READER
from tests.web.pictures import archive, picture

SMALL = Limits(picture_bytes=50_000, batch_bytes=200_000, batch_pictures=12, upload_s=1.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """With limits that a test can pass without sending 25 MB."""
    app = create_app(Settings(loading={"reader": READER, "device": "cpu"}, limits=SMALL))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        assert app.serving.worker.ready.wait(110)
        yield client


def png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG whose header says what it wants."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def flipped(content: bytes, place: int, value: int = 0xFF) -> bytes:
    return content[:place] + bytes([value]) + content[place + 1 :]


JPEG, PNG, GIF = picture(kind="JPEG"), picture(), picture(kind="GIF")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="file:///etc/passwd"/></svg>'
XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><svg>&b;</svg>'
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no_picture"),
    "one byte": (b"\0", "not_a_picture"),
    "text": (b"hello", "not_a_picture"),
    "html": (b"<html><script>alert(1)</script></html>", "not_a_picture"),
    "svg with a script": (SVG, "not_a_picture"),
    "xml with an entity": (XXE, "not_a_picture"),
    "pdf": (b"%PDF-1.7\n1 0 obj\n", "not_a_picture"),
    "postscript, which Pillow would run": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_a_picture"),
    "elf": (b"\x7fELF" + bytes(100), "not_a_picture"),
    "pickle": (b"\x80\x04\x95" + bytes(40), "not_a_picture"),
    "shell": (b"#!/bin/sh\nrm -rf /\n", "not_a_picture"),
    "imagemagick script": (b"push graphic-context\nfill 'url(https://127.0.0.1/)'\n", "not_a_picture"),
    "zip": (archive({"a.png": PNG}), "not_a_picture"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), "not_a_picture"),
    "mp4": (b"\0\0\0\x18ftypmp42" + bytes(60), "not_a_picture"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "not_a_picture"),
    "xpm": (b'/* XPM */\nstatic char *a[] = {"1 1 1 1"};', "not_a_picture"),
    "head of a jpeg": (JPEG[:10], "not_a_picture"),
    "head of a png": (PNG[:8], "not_a_picture"),
    "png without its size": (PNG[:20], "not_a_picture"),
    "gif without frames": (GIF[:13], "broken_picture"),
    "half a jpeg": (JPEG[: len(JPEG) // 2], "broken_picture"),
    "half a png": (PNG[: len(PNG) // 2], "broken_picture"),
    "png without pixels": (png(64, 64), "broken_picture"),
    "png of too few pixels": (png(64, 64, bytes(64)), "broken_picture"),
    "png of a wrong checksum": (flipped(PNG, 30), "not_a_picture"),
    "png of no width": (png(0, 64), "broken_picture"),
    "webp cut off": (picture(kind="WEBP")[:40], "broken_picture"),
    "tiff of nothing": (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "broken_picture"),
    "tiff that points outside": (b"II*\0\xff\xff\xff\x7f", "broken_picture"),
    "bmp of a size it has not": (picture(9, 9, "BMP")[:30], "broken_picture"),
    "65 megapixels declared": (png(13000, 5001), "too_many_pixels"),
    "four gigapixels declared": (png(65535, 65535), "too_many_pixels"),
    "most that a png declares": (png(2**31 - 1, 2**31 - 1), "too_many_pixels"),
    "a bomb of 100 megapixels": (png(10000, 10000, bytes(1000)), "too_many_pixels"),
    "too many bytes": (PNG + bytes(50_000), "too_many_bytes"),
    "too many bytes of nothing": (bytes(50_001), "too_many_bytes"),
}


@pytest.mark.parametrize("name", FILES)
def test_files(server: TestClient, name: str) -> None:
    content, expected = FILES[name]
    answer = server.post("/v1/caption", files={"picture": ("meme.png", content, "image/png")})
    assert 400 <= answer.status_code < 500
    found = answer.json()["error"]["code"]
    damaged = {"not_a_picture", "broken_picture"}  # which of the two is the decoder's matter
    assert found == expected or {found, expected} <= damaged
    assert server.post("/v1/read", files={"picture": ("a.png", PNG)}).status_code == 200


def zipped(name: str, content: bytes = PNG, **changes: object) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        for key, value in changes.items():
            setattr(entry, key, value)
        made.writestr(entry, content)
    return file.getvalue()


def locked() -> bytes:
    """A member that says it is encrypted, in its own head and in the directory."""
    made = bytearray(zipped("a.png"))
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def lying_directory() -> bytes:
    made = bytearray(zipped("a.png"))
    struct.pack_into("<L", made, made.rindex(b"PK\x05\x06") + 12, 0xFFFFFFFF)
    return bytes(made)


def lying_size() -> bytes:
    """A bomb whose directory calls it small."""
    made = bytearray(zipped("a.png", bytes(10_000_000)))
    struct.pack_into("<L", made, made.index(b"PK\x01\x02") + 24, 10)
    return bytes(made)


ARCHIVES: dict[str, tuple[bytes, str]] = {
    "climbs": (zipped("../../etc/cron.d/a.png"), "unsafe_name"),
    "climbs inside": (zipped("a/../../b.png"), "unsafe_name"),
    "absolute": (zipped("/etc/a.png"), "unsafe_name"),
    "absolute of Windows": (zipped("C:\\Windows\\a.png"), "unsafe_name"),
    "climbs by backslashes": (zipped("..\\..\\a.png"), "unsafe_name"),
    "a link": (zipped("a.png", b"/etc/passwd", external_attr=0o120777 << 16), "unsafe_name"),
    "a device": (zipped("a.png", b"", external_attr=0o020666 << 16), "unsafe_name"),
    "a bomb": (zipped("a.png", bytes(10_000_000)), "too_many_bytes"),
    "a bomb that calls itself small": (lying_size(), "broken_archive"),
    "many bombs": (archive({f"{n}.png": bytes(1_000_000) for n in range(10)}), "archive_too_large"),
    "too many members": (archive({f"{n}.png": b"x" for n in range(13)}), "too_many_pictures"),
    "an archive in an archive": (zipped("b.zip", archive({"a.png": PNG})), "not_a_picture"),
    "encrypted": (locked(), "encrypted"),
    "cut off": (archive({"a.png": PNG})[:-30], "broken_archive"),
    "only a head": (b"PK\x03\x04" + bytes(50), "broken_archive"),
    "a directory of four gigabytes": (lying_directory(), "archive_too_large"),
    "damaged inside": (flipped(archive({"a.png": PNG}), 60), "broken_archive"),
    "an empty member": (zipped("a.png", b""), "no_picture"),
    "an unknown method": (flipped(flipped(zipped("a.png"), 8, 99), -200, 0), "broken_archive"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(server: TestClient, name: str) -> None:
    content, expected = ARCHIVES[name]
    answer = server.post("/v1/batch", files={"picture": ("memes.zip", content)}, data={"models": "template"})
    assert answer.status_code == 200
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert expected in [record["error"] and record["error"]["code"] for record in records]
    assert not any(record["captions"] for record in records)


BODIES: dict[str, tuple[bytes, str, tuple[int, str]]] = {
    "nothing": (b"", "", (400, "bad_request")),
    "not JSON": (b"{", "application/json", (400, "bad_request")),
    "a list": (b"[]", "application/json", (400, "bad_request")),
    "deep": (b"[" * 20_000, "application/json", (400, "bad_request")),
    "no picture": (b"{}", "application/json", (400, "no_picture")),
    "a number for a picture": (b'{"image": 5}', "application/json", (400, "bad_base64")),
    "no base64": (b'{"image": "\xd0\xba\xd0\xbe\xd1\x82"}', "application/json", (400, "bad_base64")),
    "models of another kind": (b'{"image": "aaaa", "models": {"a": 1}}', "application/json", (400, "bad_request")),
    "another kind of body": (b"a=1", "application/x-www-form-urlencoded", (400, "bad_request")),
    "xml": (XXE, "application/xml", (400, "bad_request")),
    "a form without a border": (b"xx", "multipart/form-data", (400, "bad_request")),
    "a form that never begins": (b"xx", "multipart/form-data; boundary=b", (400, "bad_request")),
    "a form of many fields": (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 200 + b"--b--\r\n",
        "multipart/form-data; boundary=b", (400, "bad_request"),
    ),
    "base64 of too much": (
        json.dumps({"image": base64.b64encode(bytes(60_000)).decode()}).encode(), "application/json",
        (413, "too_many_bytes"),
    ),
    "a body of too much": (bytes(400_000), "application/json", (413, "too_many_bytes")),
    "a file of the disk": (b'{"url": "file:///etc/passwd"}', "application/json", (403, "urls_off")),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies(server: TestClient, name: str) -> None:
    content, kind, expected = BODIES[name]
    answer = server.post("/v1/caption", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == expected


def test_a_body_longer_than_it_says(server: TestClient) -> None:
    """Sent in pieces, without a length: it is counted as it comes."""
    pieces = (bytes(10_000) for _ in range(100))
    answer = server.post("/v1/caption", content=pieces, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_many_bytes")


def test_names_that_act_are_only_shown(server: TestClient) -> None:
    name = '../../<img src=x onerror=alert(1)>\u202e"; rm -rf'
    record = server.post("/v1/caption", json={"image": base64.b64encode(PNG).decode(), "name": name}).json()
    assert record["file"] == name  # a label and nothing else


def test_there_are_sixty_of_them() -> None:
    assert len(FILES) + len(ARCHIVES) + len(BODIES) >= 60


def test_nothing_is_left_on_the_disk(server: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = picture(900, 900, "BMP")[:49_000]
    for content in (PNG, large, ARCHIVES["climbs"][0]):
        server.post("/v1/batch", files={"picture": ("../a.zip", content)})
        server.post("/v1/caption", files={"picture": ("../a.png", content)})
    assert not list(tmp_path.rglob("*"))
