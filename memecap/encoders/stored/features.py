"""A frozen encoder's image tokens of a corpus, computed once: `<corpus>/features/<fingerprint>/NNNNN.safetensors`.

In: a corpus and an encoder. Out: shards of `features` [n N D] with the image ids in their metadata, and `encoder.json`,
written last. A picture is never computed twice; a stopped run goes on after its last whole shard.
n pictures of a shard, N image tokens of width D.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from memecap.core import storage, sums
from memecap.core.manifest import SPLITS, Corpus
from memecap.core.parallel import open_place, with_part
from memecap.core.progress import bar
from memecap.encoders.base import ImageEncoder
from memecap.errors import DataError, MemecapError, UsageError
from memecap.pictures.safe_open import open_picture

FOLDER, RECORD = "features", "encoder.json"


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a run did. `failed` are pictures that could not be opened: (path, why)."""

    folder: Path
    n_new: int
    n_known: int
    failed: tuple[tuple[Path, str], ...]


def extract(
    corpus: Corpus,
    encoder: ImageEncoder,
    splits: Sequence[str] | None = None,
    *,
    batch_size: int = 32,
    shard_size: int = 1024,
    device: torch.device | str = "cpu",
    on: str = "here",
) -> Extracted:
    """Compute and store the features of the pictures that have none yet; a broken picture is noted and left out.

    Args:
        on: where the encoder runs, see `parallel_map`; the features are the same everywhere, bit for bit.

    Raises:
        UsageError: the encoder cannot be built elsewhere by its settings.
        TryLaterError: another process is at it.
        StorageError: the folder cannot be written.
    """
    fingerprint = encoder.fingerprint
    folder = features_folder(corpus.folder, fingerprint)
    with storage.lock(folder):
        storage.sweep(folder)
        known = load_features(corpus.folder, fingerprint).keys()
        wanted = _pictures(corpus, splits)
        waiting = [(image_id, path) for image_id, path in wanted.items() if image_id not in known]
        failed: list[tuple[Path, str]] = []
        expected = "" if on == "here" else fingerprint
        same = partial(_encode, expected, str(device), torch.get_num_threads())
        encode = with_part(same, encoder, family="encoders", on=on)
        with bar() as progress, open_place(on) as run:
            task = progress.add_task(f"features of {corpus.name}", total=len(waiting))
            for shard in _chunks(waiting, shard_size):
                chunks = list(_chunks(shard, batch_size))
                answers = run(encode, ([path for _, path in chunk] for chunk in chunks), chunk=1)
                made: dict[str, Tensor] = {}
                for chunk, (reasons, seen) in zip(chunks, answers, strict=True):
                    failed += [(path, why) for (_, path), why in zip(chunk, reasons, strict=True) if why]
                    good = [image_id for (image_id, _), why in zip(chunk, reasons, strict=True) if not why]
                    made.update(zip(good, () if seen is None else torch.from_numpy(seen), strict=True))
                    progress.advance(task, len(chunk))
                _write_shard(folder, made)
        config = encoder.config.model_dump(mode="json")
        storage.write_json(
            folder / RECORD,
            {"encoder": config, "fingerprint": fingerprint, "n_tokens": encoder.n_tokens, "width": encoder.width},
        )
        held = sums.known(folder)
        sums.record(folder, [folder / RECORD, *(shard for shard in _shards(folder) if shard.name not in held)])
    return Extracted(folder, len(waiting) - len(failed), len(wanted) - len(waiting), tuple(failed))


def load_features(corpus_folder: Path, fingerprint: str) -> dict[str, Tensor]:
    """Image id → features [N D], mapped from the disk, not read into memory; empty where nothing was computed.

    Raises:
        DataError: a shard is broken.
    """
    found: dict[str, Tensor] = {}
    for shard in _shards(features_folder(corpus_folder, fingerprint)):
        with _open(shard) as file:
            ids = json.loads(file.metadata()["image_ids"])
            found.update(zip(ids, file.get_tensor("features"), strict=True))
    return found


def features_folder(corpus_folder: Path, fingerprint: str) -> Path:
    """Where the features of an encoder are kept."""
    return corpus_folder / FOLDER / fingerprint


def _pictures(corpus: Corpus, splits: Sequence[str] | None) -> dict[str, Path]:
    """Image id → path, each picture once."""
    return {
        row.image_id: path
        for split in splits or SPLITS
        for row in corpus.rows(split)
        if (path := corpus.image_path(row)) is not None
    }


def _encode(
    fingerprint: str, device: str, n_threads: int, encoder: ImageEncoder, paths: Sequence[Path]
) -> tuple[list[str], np.ndarray | None]:
    """Why each picture could not be opened ("" for the good ones), and the features of the good ones [n N D].

    The first three must be equal wherever the encoder runs, for its numbers to be; "" is not compared.
    """

    def pixels(path: Path) -> Tensor | str:
        try:
            return encoder.transform(open_picture(path))
        except MemecapError as error:
            return error.what

    if torch.get_num_threads() != n_threads:
        torch.set_num_threads(n_threads)
    if fingerprint and _fingerprint(encoder) != fingerprint:
        raise UsageError(
            "the encoder's settings do not build the same encoder elsewhere",
            where="--on",
            fix="Use --on here, or name weights that every machine has.",
        )
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(pixels, paths))
    good = [answer for answer in answers if isinstance(answer, Tensor)]
    reasons = [answer if isinstance(answer, str) else "" for answer in answers]
    if not good:
        return reasons, None
    with torch.inference_mode():
        seen = encoder.to(device).eval().encode(good).cpu()
        return reasons, (seen.float() if seen.is_floating_point() else seen).numpy()  # codes stay integers


@lru_cache(maxsize=1)
def _fingerprint(encoder: ImageEncoder) -> str:
    """Asked once in a worker process, whose encoder never learns: hashing the weights takes a while."""
    return encoder.fingerprint


def _write_shard(folder: Path, made: Mapping[str, Tensor]) -> None:
    if made:
        number = 1 + max((int(path.stem) for path in _shards(folder)), default=-1)
        content = save({"features": torch.stack(list(made.values()))}, {"image_ids": json.dumps(list(made))})
        storage.write_bytes(folder / f"{number:05d}.safetensors", content)


def _shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.safetensors"))


def _open(shard: Path) -> safe_open:
    try:
        return safe_open(shard, framework="pt")
    except Exception as error:  # safetensors' own class is not stable across versions
        raise DataError(
            f"broken features: {error}", where=shard, fix="Delete the file and run the command again."
        ) from error


def _chunks(items: Sequence[tuple[str, Path]], size: int) -> Iterator[Sequence[tuple[str, Path]]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
