"""Weights fine-tuned from RuDOLPH (a `.pt` or `.bin` of its tensors) → a captioner with the same captions.

In: the file, the VQGAN whose codes it learnt, the folder of `bpe.model`. Out: a `rudolph`.
Source: ai-forever/ru-dolph; fine-tunings save `model.state_dict()`, often in fp16, some within `{"state_dict": …}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memecap.captioners.base import TrainableCaptioner
from memecap.core import config, registry


def read(
    path: Path, *, encoder: Mapping[str, Any], tokenizer: str, n_heads: int = 16, reading: bool = False
) -> TrainableCaptioner:
    """The captioner of such a file, in evaluation mode.

    Args:
        encoder: settings of the VQGAN, such as {name: vqgan, model: sberbank-ai/rudalle-utils}.
        tokenizer: a folder or Hub id of bpe.model.
        n_heads: of attention; 16 in every published model.
        reading: it has learnt with what was read in the left text; the ancestor's has not.

    Raises:
        MissingFileError, ServiceError: a file is not there.
        DataError: not such weights.
        ConfigError: the VQGAN or the tokenizer is another one's.
    """
    place = {"model": str(path.parent.absolute()), "file": path.name}
    decoder = {**place, "tokenizer": tokenizer, "n_heads": n_heads}
    settings = {"name": "rudolph", "encoder": dict(encoder), "decoder": decoder, "reading": reading}
    part = config.configure("captioners", settings)
    captioner: TrainableCaptioner = registry.load("captioners", part.name).from_texts(part, ())
    return captioner.eval()
