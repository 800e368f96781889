"""ruCLIP's own files become transformers' and come back; broken ones are named."""

from pathlib import Path

import pytest
import torch

from memecap.encoders.pretrained import ruclip_format
from memecap.errors import DataError, MissingFileError
from tests.encoders.originals import encoder_of, original_of


def test_conversion_and_its_inverse_lose_nothing(tiny_models: Path) -> None:
    state, _ = original_of(tiny_models / "ruclip")
    again = ruclip_format.from_transformers(ruclip_format.to_transformers(state))
    assert state.keys() == again.keys()
    assert all(torch.equal(state[name], again[name]) for name in state)


def test_broken_checkpoints(tiny_models: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"bpe\.model"):
        (tmp_path / "config.json").write_text("{}")
        encoder_of(tmp_path)
    for name in ("config.json", "bpe.model"):
        (tmp_path / name).write_bytes((tiny_models / "ruclip" / name).read_bytes())
    with pytest.raises(MissingFileError):
        encoder_of(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"not a checkpoint")
    with pytest.raises(DataError, match=r"not .* weights"):
        encoder_of(tmp_path)
