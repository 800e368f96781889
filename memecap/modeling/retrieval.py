"""Captions of the training pictures that look most like a picture, for the prompt.

In: image tokens of training pictures, their captions. Out: for a picture, captions of its nearest neighbours by cosine;
the search is exact. While learning, a picture's own captions are never shown to it: entries that hold the caption to be
learnt are passed over.
Source: Ramos et al., SmallCap, arXiv 2209.15323, which searches captions; the search over pictures is ours.

M stored pictures, N image tokens of width D, Q queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from safetensors.numpy import save_file
from torch import Tensor

from memecap.core import manifest, storage, tensors
from memecap.core.config import Frozen
from memecap.core.device import choose as choose_device
from memecap.encoders.base import ImageEncoder
from memecap.encoders.stored import features
from memecap.errors import ConfigError, DataError

VECTORS, CAPTIONS = "similar.safetensors", "similar.jsonl"  # in a checkpoint folder
_SPARE = 8  # neighbours kept beside those wanted, for the ones that are passed over
_CHUNK = 1024  # queries of one product

Pair = tuple[Tensor, Sequence[str]]


class Retrieval(Frozen):
    """Which captions, and the words around them."""

    corpora: tuple[Path, ...] = Field(min_length=1, description="folders of corpora whose train captions are shown")
    n_captions: int = Field(4, ge=1, description="neighbours, one caption of each")
    prompt: str = Field("Похожие картинки:\n{captions}\n", description="the words around the captions")
    max_tokens: int = Field(128, ge=8, description="of all the captions; each is cut at its share")


class Store:
    """Vectors of length one, and the captions of their pictures."""

    def __init__(self, vectors: NDArray[np.float32], captions: Sequence[Sequence[str]]) -> None:
        self.vectors = vectors
        self.captions = [tuple(found) for found in captions]
        self._holders: dict[str, list[int]] = {}
        for place, found in enumerate(self.captions):
            for caption in found:
                self._holders.setdefault(caption, []).append(place)
        self._places: dict[bytes, int] = {}
        self._near: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Store:
        """From (image tokens [N D], captions) of each picture."""
        kept = [(vector(tokens), captions) for tokens, captions in pairs if captions]
        if not kept:
            raise ConfigError(
                "no train picture with a caption", where="captioner.retrieval.corpora", fix="Name other corpora."
            )
        return cls(np.stack([found for found, _ in kept]), [captions for _, captions in kept])

    @classmethod
    def from_folder(cls, folder: Path) -> Store:
        """Raises `MissingFileError`, or `DataError` when the files are not those of a store."""
        again = "Save or fetch the checkpoint again."
        vectors = tensors.read_safetensors(folder / VECTORS, fix=again).get("vectors")
        captions = list(storage.read_jsonl(folder / CAPTIONS))
        are_texts = all(isinstance(found, list) and found and {type(c) for c in found} == {str} for found in captions)
        if vectors is None or vectors.ndim != 2 or len(vectors) != len(captions) or not are_texts:
            raise DataError(f"{VECTORS} and {CAPTIONS} do not belong together", where=folder, fix=again)
        return cls(vectors.float().numpy(), captions)

    def save(self, folder: Path) -> None:
        save_file({"vectors": self.vectors}, folder / VECTORS)
        (folder / VECTORS).chmod(0o644)
        storage.write_jsonl(folder / CAPTIONS, (list(found) for found in self.captions))

    def similar(self, images: Float[Tensor, "Q N D"], n: int) -> list[list[str]]:
        """The n captions for each picture, the nearest neighbour's first."""
        queries = np.stack([vector(tokens) for tokens in images.cpu()])
        return [[self.captions[i][0] for i in row] for row in self._nearest(queries, n)]

    def similar_to_learn(self, tokens: Float[Tensor, "N D"], caption: str, n: int) -> list[str]:
        """The same for one picture whose caption is being learnt, without the pictures that have that caption."""
        own = set(self._holders.get(caption, ()))
        row = self._neighbours(vector(tokens), n)
        found = [i for i in row if i not in own]
        if len(found) < n < len(self.captions):
            found = [i for i in self._nearest(vector(tokens)[None], n + len(own))[0] if i not in own]
        return [self.captions[i][0] for i in found[:n]]

    def _neighbours(self, query: NDArray[np.float32], n: int) -> Sequence[int]:
        """Those of a stored picture are found for all of them together, once."""
        if self._near is None or self._near.shape[1] < min(n + _SPARE, len(self.captions)):
            self._near = self._nearest(self.vectors, n + _SPARE)
            self._places = {stored.tobytes(): place for place, stored in enumerate(self.vectors)}
        place = self._places.get(query.tobytes())
        row = self._nearest(query[None], n + _SPARE)[0] if place is None else self._near[place]
        found: list[int] = row.tolist()
        return found

    def _nearest(self, queries: NDArray[np.float32], n: int) -> NDArray[np.int64]:
        """Places [Q n] of the nearest, nearest first; equal ones in the order of the store."""
        n, found = min(n, len(self.captions)), []
        for first in range(0, len(queries), _CHUNK):
            similarity = queries[first : first + _CHUNK] @ self.vectors.T
            near = np.sort(np.argpartition(-similarity, n - 1, axis=1)[:, :n], axis=1)
            order = np.argsort(-np.take_along_axis(similarity, near, axis=1), axis=1, kind="stable")
            found.append(np.take_along_axis(near, order, axis=1))
        return np.concatenate(found)


def vector(tokens: Float[Tensor, "N D"]) -> NDArray[np.float32]:
    """The mean of a picture's tokens, of length one."""
    mean: NDArray[np.float32] = tokens.detach().float().cpu().numpy().mean(axis=0)
    length = float(np.linalg.norm(mean))
    return (mean / np.float32(length)) if length else mean


def build(config: Retrieval, encoder: ImageEncoder) -> Store:
    """From the stored features of the corpora's train pictures; what is not stored yet is computed first."""
    device = choose_device(None)
    pairs: list[Pair] = []
    for folder in config.corpora:
        corpus = manifest.open_corpus(folder)
        features.extract(corpus, encoder, ("train",), device=device)
        stored = features.load_features(folder, encoder.fingerprint)
        rows = [row for row in corpus.rows("train") if row.captions and row.image_id in stored]
        pairs += [(stored[row.image_id], row.captions) for row in rows]
    encoder.to("cpu")
    return Store.of(pairs)
