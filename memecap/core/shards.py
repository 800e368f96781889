"""Pictures inside the tar shards of a corpus, read where they lie: one seek and one read, nothing is unpacked.

In: the path that a picture would have as a file, `<corpus>/<split>/<file_name>`. Out: its bytes, by the index
`<corpus>/shards.jsonl` of {name, shard, offset, size}, which `memecap corpus index` writes.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from memecap.core import storage
from memecap.errors import DataError

INDEX = "shards.jsonl"
_BLOCK = 512  # bytes of a tar header, which stands right before its member


class Packed(NamedTuple):
    """Where the bytes of a picture are."""

    shard: str  # relative to the corpus
    offset: int
    size: int


def read(path: Path) -> bytes | None:
    """The bytes of a picture that no file holds; None where no index above the path names it.

    Raises `DataError` where the shard is gone, or is no longer the one that was indexed.
    """
    found = _find(path)
    if found is None:
        return None
    shard, place = found
    try:
        with shard.open("rb") as file:
            file.seek(place.offset - _BLOCK)
            header, content = file.read(_BLOCK), file.read(place.size)
    except OSError as error:
        raise DataError(f"cannot read the shard: {error.strerror}", where=shard, fix="Put the shard back.") from error
    size = header[124:136].strip(b"\0 ").lstrip(b"0")  # of the member, in octal digits
    if header[257:262] != b"ustar" or size != (b"%o" % len(content)).lstrip(b"0") or len(content) != place.size:
        fix = "Run `memecap corpus index` on its folder."
        raise DataError("the shard has changed since it was indexed", where=shard, fix=fix)
    return content


def is_there(path: Path) -> bool:
    """Whether a picture stands at a path, as a file or in a shard."""
    return path.is_file() or _find(path) is not None


def content(path: Path) -> bytes:
    """The bytes of a picture: of its file, else of the shard that holds it. Raises as `read` and `Path.read_bytes`."""
    packed = None if path.exists() else read(path)
    return path.read_bytes() if packed is None else packed


def _find(path: Path) -> tuple[Path, Packed] | None:
    """The shard of a picture, by the index above it, and the place in it."""
    folder = next((parent for parent in path.parents[:4] if (parent / INDEX).is_file()), None)
    if folder is None:
        return None
    place = _load(folder, (folder / INDEX).stat().st_mtime_ns).get(path.relative_to(folder).as_posix())
    return None if place is None else (folder / place.shard, place)


@lru_cache(maxsize=8)
def _load(folder: Path, _written: int) -> dict[str, Packed]:
    """Name → place; kept as long as the index is not written again."""
    return {record.pop("name"): Packed(**record) for record in storage.read_jsonl(folder / INDEX)}
