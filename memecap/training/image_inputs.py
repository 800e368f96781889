"""ImageInputs: what a captioner is given of the pictures of a stage, stored features or what it makes of them itself.

H W pixels, N image tokens of width D.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from memecap.modeling.batch import ImageInput
from memecap.pictures.safe_open import open_picture
from memecap.training.config import StageConfig


@dataclass(frozen=True)
class ImageInputs:
    """What stands for a row's picture: the stored features of a frozen encoder, else what the captioner sees."""

    see: Callable[[Image.Image], ImageInput | None]
    stored: Mapping[str, Tensor] | None

    def has(self, row: manifest.Row) -> bool:
        """Is there anything to see?"""
        return bool(row.file_name) and (self.stored is None or row.image_id in self.stored)

    def look(
        self, image_id: str, picture: Path | None, change: Callable[[Image.Image], Image.Image] | None = None
    ) -> ImageInput | None:
        """Features [N D], or what the captioner makes of the changed picture. Raises `DataError` if it cannot open."""
        if self.stored is not None:
            return self.stored[image_id]
        assert picture is not None  # `has` left the others out
        opened = open_picture(picture)
        return self.see(change(opened) if change else opened)


def takes_features(encoder: ImageEncoder, stage: StageConfig) -> bool:
    """Is the encoder run once and its features kept? One that learns has to see the pixels each time."""
    return stage.cache_features and not any(parameter.requires_grad for parameter in encoder.parameters())


def open_image_inputs(
    captioner: TrainableCaptioner, corpora: Sequence[manifest.Corpus], stage: StageConfig, accelerator: Accelerator
) -> ImageInputs | None:
    """The image inputs of a stage, None where the captioner sees no picture; missing features are computed first."""
    encoder = None if stage.text_only else captioner.encoder
    sees = captioner.sees and not stage.text_only
    from_features = encoder is not None and takes_features(encoder, stage)
    if stage.augment and (not sees or from_features):
        seen = "the stored features of a frozen encoder" if from_features else "no pictures"
        raise ConfigError(
            f"augment changes pixels, and this stage sees {seen}",
            where=f"stage {stage.name}",
            fix=f"Set augment: false{', or cache_features: false, or train the encoder' if from_features else ''}.",
        )
    if not sees:
        return None
    stored = _features(encoder, corpora, accelerator) if encoder is not None and from_features else None
    return ImageInputs(captioner.look, stored)


def _features(
    encoder: ImageEncoder, corpora: Sequence[manifest.Corpus], accelerator: Accelerator
) -> Mapping[str, Tensor]:
    """By image id; the main process computes those that are missing."""
    fingerprint = encoder.fingerprint
    if accelerator.is_main_process:
        for corpus in corpora:
            done = features.extract(corpus, encoder, ("train", "val"), device=accelerator.device)
            for path, why in done.failed:
                say(f"left out: {path}: {why}")
    accelerator.wait_for_everyone()
    stored = (features.load_features(corpus.folder, fingerprint) for corpus in corpora)
    return {image_id: seen for found in stored for image_id, seen in found.items()}
