"""Memory: pictures that were described before. Asked about a picture, it says which of them it shows, and where.

    memory = Memory.open(Path("data/memory"))
    memory.ask(picture, boxes_of_its_text)  # → [Recollection, …], the surest first

It holds features, descriptions and links, no picture. The same entries give the same answers, whatever order they came
in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from memecap.core import sums
from memecap.core.parallel import chunks, parallel_map
from memecap.errors import DataError, StorageError
from memecap.memory import index_files
from memecap.memory.entry import Entry
from memecap.memory.features import N_FEATURES, Features, describe, of_lines
from memecap.memory.index import Index, Rows
from memecap.memory.recall import Explained, recall
from memecap.memory.recollection import Box, Recollection
from memecap.memory.store import Store
from memecap.pictures.safe_open import PictureSource, open_picture

INDEX = "index"
KEPT_AT_ONCE = 64  # pictures whose features are written together
AT_MOST = 8  # recollections of one picture

Picture = tuple[Entry, PictureSource, Sequence[Box]]  # what to remember; boxes of text are left out


class Memory:
    """Pictures that were described before, in a folder."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self._store = store
        self._index: Index | None = None
        self._indexed = ""  # the digest of what the index was made from

    @classmethod
    def open(cls, folder: Path) -> Memory:
        """Raises `MissingFileError` where there is none, `DataError` where it is damaged or of another version."""
        return cls(folder, Store(folder))

    @classmethod
    def create(cls, folder: Path) -> Memory:
        """A new memory, or the one that is there already."""
        return cls(folder, Store(folder, create=True))

    def close(self) -> None:
        self._store.close()

    def __len__(self) -> int:
        return len(self._store)

    def entries(self) -> Iterator[Entry]:
        """Everything that is remembered, ordered by image id."""
        return self._store.entries()

    @property
    def identity(self) -> str:
        """A name of what is remembered, in 16 hexadecimal digits: equal memories have equal ones."""
        return self._store.identity()[:16]

    def holds(self, ids: Collection[str]) -> set[str]:
        """Which of these image and group ids are remembered."""
        return self._store.held(ids)

    def splits(self) -> Mapping[str, Mapping[str, int]]:
        """Entries by corpus and split, so that an evaluation can refuse a memory that knows its own split."""
        return self._store.splits()

    def add(
        self, pictures: Iterable[Picture], *, n_features: int = N_FEATURES, on: str = "here"
    ) -> list[tuple[str, str]]:
        """Remember pictures; those held already take the new words. Returns (image_id, why) of those not opened.

        Every 64 pictures are written at once, so a killed run loses few; `save` brings the index up to date.
        """
        sums.forget(self.folder)
        failed: list[tuple[str, str]] = []
        known = self._store.keys()
        for batch in chunks(pictures, KEPT_AT_ONCE):
            new = [item for item in batch if (item[0].image_id, item[0].corpus) not in known]
            found = parallel_map(partial(_described, n_features), [item[1:] for item in new], on=on, chunk=4)
            ready = [(item[0], _nothing()) for item in batch if (item[0].image_id, item[0].corpus) in known]
            for (entry, *_), features in zip(new, found, strict=True):
                if isinstance(features, str):
                    failed.append((entry.image_id, features))
                else:
                    width, height, content = features
                    ready.append((replace(entry, width=width, height=height), Features.from_bytes(content)))
            self._store.put(ready)
        return failed

    def join(self, other: Memory) -> None:
        """Remember everything that another memory remembers; what both hold keeps its words here."""
        sums.forget(self.folder)
        self._store.join(other._store.path)

    def save(self) -> None:
        """Bring the index up to date where something was added. What was added is on disk before."""
        self._update()
        index = (path for path in (self.folder / INDEX).iterdir() if not path.name.startswith("."))
        sums.record(self.folder, [self._store.path, *index])

    def _update(self) -> None:
        self._index = index_files.update(self.folder / INDEX, self._rows(), self._store.features)
        self._indexed = self._store.contents()

    def ask(
        self,
        picture: Image.Image,
        boxes: Sequence[Box] = (),
        *,
        exclude: Collection[str] = (),
        at_most: int = AT_MOST,
    ) -> list[Recollection]:
        """Which remembered pictures an upright picture shows outside its text; the surest first.

        Args:
            boxes: of its text, watermarks and page furniture, in its pixels.
            exclude: image ids and group ids that must not be found.
        """
        return [found.recollection for found in self.explain(picture, boxes, exclude=exclude, at_most=at_most)]

    def explain(
        self,
        picture: Image.Image,
        boxes: Sequence[Box] = (),
        *,
        exclude: Collection[str] = (),
        at_most: int = AT_MOST,
    ) -> list[Explained]:
        """As `ask`, with the places that agree."""
        index = self._ready()
        boxes = of_lines(boxes, picture.size)
        asked = describe(picture, boxes)
        return recall(asked, picture.size, boxes, index, self._store, exclude=exclude, at_most=at_most)

    def ask_many(
        self, pictures: Iterable[tuple[PictureSource, Sequence[Box], Collection[str]]], *, on: str = "here"
    ) -> Iterator[list[Recollection]]:
        """Ask about several pictures, each with its boxes of text and what must not be found; answers keep the order.

        Raises:
            DataError, MissingFileError: a picture cannot be opened.
        """
        if on != "here":
            self._update()
        ask = partial(_ask, self) if on == "here" else partial(_ask_elsewhere, self.folder.resolve())
        return parallel_map(ask, pictures, on=on, chunk=4)

    def _ready(self) -> Index:
        """The index of what is remembered now: kept, loaded, or built in memory."""
        digest = self._store.contents()
        if self._index is None or self._indexed != digest:
            rows, stored = self._rows(), index_files.load(self.folder / INDEX)
            is_whole = stored is not None and stored.holds(rows)
            self._index = stored if is_whole else Index.build(rows, self._store.features)
            self._indexed = digest
        assert self._index is not None
        return self._index

    def _rows(self) -> Rows:
        return Rows.of(self._store.rows())


def _nothing() -> Features:
    return Features.from_bytes(b"")


def _described(n_features: int, item: tuple[PictureSource, Sequence[Box]]) -> tuple[int, int, bytes] | str:
    """A picture's width, height and features, or why it could not be opened."""
    picture, boxes = item
    try:
        image = open_picture(picture)
    except (DataError, StorageError) as error:
        return error.what
    return *image.size, describe(image, of_lines(boxes, image.size), at_most=n_features).to_bytes()


def _ask(memory: Memory, item: tuple[PictureSource, Sequence[Box], Collection[str]]) -> list[Recollection]:
    picture, boxes, exclude = item
    return memory.ask(open_picture(picture), boxes, exclude=exclude)


_opened: dict[Path, Memory] = {}  # of this process


def _ask_elsewhere(folder: Path, item: tuple[PictureSource, Sequence[Box], Collection[str]]) -> list[Recollection]:
    if folder not in _opened:
        _opened[folder] = Memory.open(folder)
    return _ask(_opened[folder], item)
