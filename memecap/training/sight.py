"""ImageInputs: how a captioner sees the rows of a stage, by stored features or by pixels.

H W pixels, N image tokens of width D.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from accelerate import Accelerator
from PIL import Image
from torch import Tensor

from memecap.captioners.base import TrainableCaptioner
from memecap.core import manifest
from memecap.core.progress import say
from memecap.encoders.base import ImageEncoder
from memecap.encoders.stored import features
from memecap.errors import ConfigError
from memecap.pictures.safe_open import open_picture
from memecap.training.config import StageConfig


class ImageInputs:
    """How a captioner sees a row: the stored features of its frozen encoder, else the encoder's pixels."""

    def __init__(self, encoder: ImageEncoder, stored: Mapping[str, Tensor] | None) -> None:
        self.encoder = encoder
        self.stored = stored

    def has(self, row: manifest.Row) -> bool:
        """Is there anything to see?"""
        return bool(row.file_name) and (self.stored is None or row.image_id in self.stored)

    def look(
        self, image_id: str, picture: Path | None, change: Callable[[Image.Image], Image.Image] | None = None
    ) -> Tensor:
        """Features [N D] or pixels [3 H W], of a picture changed first. Raises `DataError` when it cannot be opened."""
        if self.stored is not None:
            return self.stored[image_id]
        assert picture is not None  # `has` left the others out
        opened = open_picture(picture)
        return self.encoder.transform(change(opened) if change else opened)


def open_image_inputs(
    captioner: TrainableCaptioner, corpora: Sequence[manifest.Corpus], stage: StageConfig, accelerator: Accelerator
) -> ImageInputs | None:
    """The captioner's sight in a stage, None where it sees no picture; missing features are computed first.

    Raises:
        ConfigError: pictures are to be augmented where the captioner sees none, or stored features only.
    """
    encoder = captioner.encoder
    trained = encoder is not None and any(parameter.requires_grad for parameter in encoder.parameters())
    pixels = trained or not stage.cache_features
    if stage.augment and (encoder is None or stage.text_only or not pixels):
        raise ConfigError(
            "augment changes pixels, and this stage sees "
            + ("no pictures" if encoder is None or stage.text_only else "the stored features of a frozen encoder"),
            where=f"stage {stage.name}",
            fix="Set augment: false"
            + ("." if encoder is None or stage.text_only else ", or cache_features: false, or train the encoder."),
        )
    if encoder is None or stage.text_only:
        return None
    if pixels:
        return ImageInputs(encoder, None)
    fingerprint = encoder.fingerprint
    if accelerator.is_main_process:
        for corpus in corpora:
            done = features.extract(corpus, encoder, ("train", "val"), device=accelerator.device)
            for path, why in done.failed:
                say(f"left out: {path}: {why}")
    accelerator.wait_for_everyone()
    stored: dict[str, Tensor] = {}
    for corpus in corpora:
        stored |= features.load_features(corpus.folder, fingerprint)
    return ImageInputs(encoder, stored)
