"""What stands for a picture: stored features of a frozen encoder, pixels for one that learns."""

from __future__ import annotations

from pathlib import Path

from memecap.training.run import train
from tests.training.outcomes import Settings, outcome


def test_frozen_encoder_trains_on_features_and_a_trained_one_on_pixels(
    settings: Settings, pictured: Path, tmp_path: Path
) -> None:
    stages = [
        {"name": "words", "corpora": ["first"], "epochs": 1, "lr": 0.01, "text_only": True},
        {"name": "seen", "corpora": ["second"], "epochs": 1, "lr": 0.01},
    ]
    look = {"name": "toys.captioner", "sees": True}
    pixels = train(settings(captioner=look, stages=stages), tmp_path / "pixels")
    assert not (pictured / "features").exists()
    features = train(settings(captioner=look | {"frozen": True}, stages=stages), tmp_path / "features")
    assert list((pictured / "features").glob("*/00000.safetensors"))
    assert outcome(pixels)[0] != outcome(features)[0]
