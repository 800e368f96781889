"""A table of word vectors: new ones, or navec's for the words it knows.

V words, E the vectors' width.
"""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import Field
from torch import nn

from memecap.core.config import Frozen
from memecap.core.progress import say
from memecap.text import navec
from memecap.text.words import Words


class Embeddings(Frozen):
    """Word vectors: new ones of a width, or navec's 300."""

    width: int = Field(512, ge=1, description="of new vectors; navec's are 300 wide")
    navec: bool = Field(False, description="begin from navec's vectors")
    navec_file: Path | None = Field(None, description="a navec .tar; none: the one in the natasha package")
    frozen: bool = Field(False, description="whether the vectors stay as they are")


def embedding(config: Embeddings, words: Words, *, filled: bool) -> nn.Embedding:
    """The table [V E]; `filled` with navec's vectors for training, empty when a checkpoint is about to be loaded."""
    if not config.navec:
        table = nn.Embedding(words.size, config.width)
    elif filled:
        vectors, known = navec.vectors(words.words, config.navec_file)
        n_special = words.n_special
        vectors[:n_special] = torch.randn_like(vectors[:n_special]) * vectors[known].std() if bool(known.any()) else 0.0
        table = nn.Embedding(vectors.shape[0], vectors.shape[1], _weight=vectors)
        n_unknown = int((~known[n_special:]).sum())
        if n_unknown:
            say(f"{n_unknown} of {words.size - n_special} words have no navec vector: they begin as its unknown word")
    else:
        table = nn.Embedding(words.size, navec.WIDTH)
    table.weight.requires_grad_(not config.frozen)
    return table
