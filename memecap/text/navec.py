"""navec: ready Russian word vectors for a vocabulary, from a file or from the one that the natasha package carries.

In: words. Out: their vectors [V 300], and which of them the file knows.
Source: natasha/navec; navec_news_v1_1B_250K_300d_100q.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from navec import Navec
from torch import Tensor

from memecap.errors import DataError, MissingFileError

WIDTH = 300  # of every published navec


def vectors(words: Sequence[str], path: Path | None = None) -> tuple[Float[Tensor, "V E"], Bool[Tensor, " V"]]:
    """Vectors of the words; one that the file lacks gets the file's vector for unknown words.

    Raises:
        MissingFileError: no file was named and natasha is not installed, or the file is not there.
        DataError: the file is not navec's.
    """
    place = path or bundled()
    try:
        navec = Navec.load(str(place))
    except FileNotFoundError as error:
        raise MissingFileError("no such file", where=place, fix="Check the path of the navec file.") from error
    except Exception as error:  # tarfile, struct and key errors alike mean that it is another file
        raise DataError(f"not a navec file: {error}", where=place, fix="Fetch a navec .tar again.") from error
    known = [word in navec.vocab for word in words]
    rows = [navec.vocab.get(word, navec.vocab.unk_id) for word in words]
    table = np.stack([navec.pq[row] for row in rows])
    return torch.from_numpy(table.astype(np.float32)), torch.tensor(known)


def bundled() -> Path:
    """The file inside the natasha package, found without importing it."""
    try:
        files = metadata.files("natasha") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.match("navec_*.tar"):
            return Path(str(file.locate()))
    fix = "Install memecap[navec], or name the path of a navec .tar."
    raise MissingFileError("no navec file", where="natasha", fix=fix)
