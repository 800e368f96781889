"""ruCLIP's own files, read without our code for them."""

import json
from pathlib import Path

import torch

from memecap.core import config


def encoder_of(folder: Path, output: str = "pooled"):
    return config.build("encoders", {"name": "ruclip", "model": str(folder), "output": output}).eval()


def original_of(folder: Path):
    return torch.load(folder / "pytorch_model.bin", weights_only=True), json.loads((folder / "config.json").read_text())
