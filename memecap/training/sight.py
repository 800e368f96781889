"""Sight: how a captioner sees the rows of a stage, by stored features or by pixels.

H W pixels, N image tokens of width D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from accelerate import Accelerator
from torch import Tensor

from memecap import features, manifest
from memecap.captioners.base import Captioner
from memecap.encoders.base import ImageEncoder
from memecap.pictures import open_picture
from memecap.progress import say
from memecap.training.config import StageConfig


class Sight:
    """How a captioner sees a row: the stored features of its frozen encoder, else the encoder's pixels."""

    def __init__(self, encoder: ImageEncoder, stored: Mapping[str, Tensor] | None) -> None:
        self.encoder = encoder
        self.stored = stored

    def has(self, row: manifest.Row) -> bool:
        """Is there anything to see?"""
        return bool(row.file_name) and (self.stored is None or row.image_id in self.stored)

    def look(self, image_id: str, picture: Path | None) -> Tensor:
        """Features [N D] or pixels [3 H W]. Raises `DataError` when the picture cannot be opened."""
        if self.stored is not None:
            return self.stored[image_id]
        assert picture is not None  # `has` left the others out
        return self.encoder.transform(open_picture(picture))


def open_sight(
    captioner: Captioner, corpora: Sequence[manifest.Corpus], stage: StageConfig, accelerator: Accelerator
) -> Sight | None:
    """The captioner's sight in a stage, None where it sees no picture; missing features are computed first."""
    encoder = captioner.encoder
    if encoder is None or stage.text_only:
        return None
    if any(parameter.requires_grad for parameter in encoder.parameters()):
        return Sight(encoder, None)
    if accelerator.is_main_process:
        for corpus in corpora:
            done = features.extract(corpus, encoder, ("train", "val"), device=accelerator.device)
            for path, why in done.failed:
                say(f"left out: {path}: {why}")
    accelerator.wait_for_everyone()
    stored: dict[str, Tensor] = {}
    for corpus in corpora:
        stored |= features.load_features(corpus.folder, encoder.fingerprint)
    return Sight(encoder, stored)
