"""The timm encoder: what it says without timm, and, where timm is, a network of its format against timm's own calls."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from memecap.core import config
from memecap.errors import DataError, ServiceError


def test_without_timm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ServiceError, match=r"memecap\[timm\]"):
        config.build("encoders", {"name": "timm", "model": str(tmp_path)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    timm = pytest.importorskip("timm", exc_type=Exception)
    place = tmp_path_factory.mktemp("timm") / "resnet"
    torch.manual_seed(0)
    model = timm.create_model("resnet10t", pretrained=False, num_classes=7)
    timm.models.save_for_hf(model, place, safe_serialization=True)
    return place


@torch.no_grad()
def test_tokens_are_timms_own(folder: Path, tmp_path: Path) -> None:
    import timm

    theirs = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    pooled = config.build("encoders", {"name": "timm", "model": str(folder)}).eval()
    grid = config.build("encoders", {"name": "timm", "model": str(folder), "output": "grid"}).eval()
    pixels = pooled.transform(Image.new("RGB", (70, 50), "red"))[None]
    assert torch.allclose(pooled(pixels)[:, 0], theirs(pixels), atol=1e-5)
    assert grid(pixels).shape == (1, grid.n_tokens, grid.width)
    assert torch.allclose(grid(pixels).mean(dim=1), theirs(pixels), atol=1e-4)
    assert grid.fingerprint != pooled.fingerprint
    pooled.save(tmp_path / "saved")
    again = config.build("encoders", {"name": "timm", "model": str(tmp_path / "saved")}).eval()
    assert again.fingerprint == pooled.fingerprint
    assert torch.equal(again(pixels), pooled(pixels))


def test_another_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architecture": "nothing"}')
    with pytest.raises(DataError, match="timm cannot load"):
        config.build("encoders", {"name": "timm", "model": str(tmp_path)})
