"""ClipCap's options work together through a whole run: captions as prefixes, then pictures, their neighbours, LoRA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from memecap.checkpoints import checkpoint
from memecap.core import manifest
from memecap.decoding.greedy import Greedy
from memecap.modeling.batch import Images
from memecap.training.config import TrainConfig
from memecap.training.run import train


def test_text_then_pictures_with_neighbours_and_lora(
    settings: Callable[..., TrainConfig], pictured: Path, tiny_models: Path, tmp_path: Path
) -> None:
    captioner = {
        "name": "clipcap", "prefix_length": 2, "text_noise": 0.01, "reading": True, "max_reading_tokens": 16,
        "max_caption_tokens": 48, "encoder": {"name": "clip", "model": str(tiny_models / "clip")},
        "decoder": {"model": str(tiny_models / "gpt2"), "train": "lora", "lora": {"rank": 2, "dropout": 0.1}},
        "retrieval": {"corpora": [str(pictured)], "n_captions": 2, "max_tokens": 48},
    }  # fmt: skip
    stages = [
        {"name": "text", "corpora": ["first"], "steps": 3, "batch_size": 8, "lr": 0.01, "text_only": True},
        {"name": "pictures", "corpora": ["second"], "steps": 3, "batch_size": 4, "lr": 0.01},
    ]
    out = train(settings(captioner=captioner, stages=stages, val_captions=2), tmp_path / "run")
    held = load_file(out / "checkpoints" / "best" / "model.safetensors")
    assert held and all(name.startswith("mapper.") or ".lora_" in name for name in held)
    assert any(".lora_B." in name and tensor.abs().sum() > 0 for name, tensor in held.items())
    loaded = checkpoint.load(out)
    trained = [row.captions for row in manifest.open_corpus(pictured).rows("train")]
    assert sorted(loaded.similar.captions) == sorted(trained)
    assert len(loaded.generate(Images(features=torch.randn(2, 1, 16)), [None, None], Greedy(max_new_tokens=3))) == 2
