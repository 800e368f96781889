"""2,000 damaged pictures of seven kinds: each gives a picture or one of our errors; and bombs of eight kinds."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from memecap.core import config, storage, tensors
from memecap.errors import MemecapError
from memecap.pictures.check import PictureError, check
from memecap.pictures.safe_open import MAX_PIXELS, open_picture
from memecap.scraping import archive
from memecap.web.archives import members
from memecap.web.refusals import Refused
from memecap.web.settings import Limits

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of odd metadata
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "MPO")


def whole(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (18, 25, 3), dtype=np.uint8)
    content = io.BytesIO()
    picture = Image.fromarray(noise)
    more = {"save_all": True, "append_images": [picture.rotate(90)]} if kind in ("GIF", "WEBP", "TIFF", "MPO") else {}
    exif = Image.Exif()
    exif[0x0112] = 6
    if kind in ("JPEG", "PNG", "WEBP"):
        more["exif"] = exif.tobytes()
    picture.save(content, kind, **more)
    return content.getvalue()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Bytes changed, lost, repeated or put in, at one to four places; the head more often than the rest."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(1 + (min(64, len(content)) if chance.random() < 0.4 else len(content)))
        piece, kind = chance.randbytes(chance.choice((1, 1, 2, 4, 40))), chance.randrange(4)
        rest = content[place + len(piece) :]
        content = {
            0: content[:place] + piece + rest,
            1: content[:place] + rest,
            2: content[:place] + content[place : place + 20] * 2 + content[place + 20 :],
            3: content[: max(1, place)],
        }[kind]
    return content


def survive(n: int) -> dict[str, int]:
    """Open so many damaged pictures both ways; how often each way ended."""
    chance, ends = random.Random(1), {"opened": 0, "refused": 0}
    for number in range(n):
        content = damaged(whole(KINDS[number % len(KINDS)]), chance)
        for read in (open_picture, lambda content: check(content, max_pixels=MAX_PIXELS)):
            try:
                read(content)
                ends["opened"] += 1
            except (MemecapError, PictureError) as error:
                assert str(error)
                ends["refused"] += 1
    return ends


def test_damaged_pictures() -> None:
    ends = survive(280)
    assert min(ends.values()) > 50


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_2000_damaged_pictures() -> None:
    print(survive(2000))


def png(width: int, height: int, body: bytes) -> bytes:
    """A PNG that declares its size; its body is whatever is given."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archived:
        archived.writestr("a.png", content)
    return made.getvalue()


def text_chunk() -> bytes:
    """A PNG with a compressed comment of 20 megabytes."""
    comment = b"Comment\0\0" + zlib.compress(bytes(20_000_000), 1)
    chunk = struct.pack(">I", len(comment)) + b"zTXt" + comment + struct.pack(">I", zlib.crc32(b"zTXt" + comment))
    plain = png(2, 2, zlib.compress(bytes(14)))
    return plain[:33] + chunk + plain[33:]


def many_aliases() -> str:
    return "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))


def yaml_file(path: Path) -> object:
    (path / "x.yaml").write_text(many_aliases())
    return config.read_yaml(path / "x.yaml")


def gzip_file(path: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "MAX_BYTES", 1 << 20)
        (path / "x.jsonl.gz").write_bytes(gzip.compress(bytes(20_000_000), 1))
        return list(archive.read_lines(path / "x.jsonl.gz"))


def json_file(path: Path) -> object:
    (path / "x.json").write_text("[" * 1_000_000)
    return storage.read_json(path / "x.json")


def safetensors_file(path: Path) -> object:
    """A header that says it is 2^60 bytes long."""
    (path / "x.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    return tensors.read_safetensors(path / "x.safetensors", fix="")


BOMBS: dict[str, Callable[[Path], object]] = {
    "PNG of 17,000² pixels": lambda _: open_picture(png(17_000, 17_000, zlib.compress(bytes(1000)))),
    "PNG of 2³¹ pixels a side": lambda _: check(png(2**31 - 1, 2**31 - 1, b""), max_pixels=MAX_PIXELS),
    "compressed comment in a PNG": lambda _: open_picture(text_chunk()),
    "zip": lambda _: [
        found for _, found in members(io.BytesIO(zipped(bytes(20_000_000))), Limits(picture_bytes=1 << 20))
    ],
    "YAML of aliases": yaml_file,
    "gzip of answers": gzip_file,
    "JSON of a million brackets": json_file,
    "safetensors of 2⁶⁰ bytes": safetensors_file,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs(kind: str, tmp_path: Path) -> None:
    """Refused, and never more than what the limits allow is in memory."""
    tracemalloc.start()
    try:
        answer = BOMBS[kind](tmp_path)
        assert isinstance(answer, Image.Image) or all(isinstance(one, Refused) for one in answer)  # type: ignore[attr-defined]
    except (MemecapError, PictureError, Refused) as error:
        assert len(str(error)) < 500
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 64_000_000, f"{peak:,} bytes"


class Runs:
    """A pickle of it runs a command where it is loaded carelessly."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.mkdir, (str(self._mark),)


@pytest.mark.parametrize("name", ["model.pt", "model.bin", "state.pt"])
def test_nothing_in_a_pickle_is_run(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    torch.save({"a": torch.zeros(2), "b": Runs(mark)}, tmp_path / name)
    with pytest.raises(MemecapError):
        tensors.read_pickle(tmp_path / name, fix="")
    assert not mark.exists()


def test_nothing_in_an_npz_is_run(tmp_path: Path) -> None:
    """The shards of a memory's index: numbers, no objects."""
    from memecap.memory import index_files

    mark = tmp_path / "it ran"
    np.savez(tmp_path / "shard-00000.npz", numbers=np.array([Runs(mark)], dtype=object), lengths=[1], keys=[1])
    (tmp_path / "codebook.json").write_text('{"features": 1}')
    assert index_files.load(tmp_path) is None
    assert not mark.exists()


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir ['{}']", "!!python/name:os.mkdir", "!custom x"])
def test_no_tag_of_a_yaml_makes_an_object(tag: str, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    (tmp_path / "x.yaml").write_text(f"a: {tag.format(mark)}\n")
    with pytest.raises(MemecapError):
        config.read_yaml(tmp_path / "x.yaml")
    assert not mark.exists()
