"""RuDOLPH's network beside its formulas in numpy: masks at full size, logits, the cache, gradients."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import naive_rudolph
import numpy as np
import pytest
import torch
from tiny_models import write_rudolph

from memecap.errors import DataError, MissingFileError
from memecap.modeling import rudolph_format
from memecap.modeling.rudolph import Rudolph, Shape, freeze, layer_mask

SIZES = {"n_heads": 4, "kernel": 3, "last_kernel": 5}
RIGHT = [2, 9, 11, 30, 7]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    write_rudolph(tmp_path)
    return tmp_path / "pytorch_model.bin"


@pytest.fixture
def model(weights: Path) -> Rudolph:
    return rudolph_format.read(weights, **SIZES)


def left_of(n: int) -> list[int]:
    return [2, 5, 17, 8, 3, *[0] * (n - 5)]


@pytest.mark.parametrize("layer", [0, 1, 2, 3, 21, 23])
def test_masks_are_the_original_s_at_full_size(layer: int) -> None:
    shape = Shape()
    expected = naive_rudolph.mask(layer, 24, 64, 16, 64, 7, 9)
    assert expected.shape == (384, 384)
    assert np.array_equal(layer_mask(shape, layer).numpy(), expected.astype(bool))


def test_each_kind_of_mask_has_its_layers() -> None:
    shape = Shape()
    masks = [layer_mask(shape, layer) for layer in range(24)]
    kinds = [next(j for j, other in enumerate(masks) if torch.equal(mask, other)) for mask in masks]
    assert kinds == [0, 1, 0, 3] * 5 + [0, 1, 0, 23]


def test_logits_are_those_of_the_formulas(weights: Path, model: Rudolph) -> None:
    state = naive_rudolph.load(weights)
    left, codes = left_of(24), list(range(16))
    expected = naive_rudolph.logits(state, left, codes, RIGHT, SIZES)
    padded = model.padded(torch.tensor([left]))
    x = torch.cat([model.before(padded, torch.tensor([codes])), model.right(torch.tensor([RIGHT]))], dim=1)
    states, _ = model(x, pictured=True)
    found = torch.cat([model.text_logits(states), model.code_logits(states)], dim=2)[0].detach().numpy()
    assert np.abs(expected).max() > 1
    assert np.abs(found - expected).max() < 1e-4


@torch.no_grad()
def test_a_step_says_what_the_whole_says(model: Rudolph) -> None:
    """Three captions of each of two pictures."""
    torch.manual_seed(1)
    left = model.padded(torch.randint(1, 40, (2, 24)))
    before = model.before(left, torch.randint(32, (2, 16)))
    captions = torch.randint(4, 40, (6, 5))
    whole = torch.cat([before.repeat_interleave(3, 0), model.right(captions)], dim=1)
    expected, _ = model(whole, pictured=True)
    _, kept = model(before, pictured=True)
    written = model.nothing_written(6)
    for place in range(5):
        state, written = model.step(model.right(captions[:, place, None], place), kept, written)
        assert torch.allclose(state, expected[:, 24 + 16 + place], atol=1e-5)


def test_embeddings_learn_at_a_tenth_of_the_rate(model: Rudolph) -> None:
    def gradient(training: bool) -> torch.Tensor:
        model.train(training).zero_grad()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        x = model.before(model.padded(torch.tensor([left_of(24)])), torch.arange(16)[None])
        model.text_logits(model(x, pictured=True)[0]).square().sum().backward()
        assert model.text_embeddings.weight.grad is not None
        return model.text_embeddings.weight.grad.clone()

    assert torch.allclose(gradient(True), 0.1 * gradient(False), rtol=1e-3, atol=1e-3)
    assert gradient(True).abs().max() > 1


def test_the_parts_that_can_be_frozen_are_the_whole(model: Rudolph) -> None:
    parts = ("embeddings", "norms", "attention", "mlp", "output")
    frozen: dict[str, set[str]] = {}
    for part in parts:
        freeze(model, [part])
        frozen[part] = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    names = [name for found in frozen.values() for name in found]
    assert sorted(names) == sorted(name for name, _ in model.named_parameters())
    assert {name.split(".")[3] for name in frozen["mlp"]} == {"mlp"}
    freeze(model, [])
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_full_size_is_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        first = Rudolph(Shape())
        second = Rudolph(replace(Shape(), n_text=16384 + 64 + 384, n_codes=8192 + 384))
    assert sum(p.numel() for p in first.parameters()) == 353_065_024
    assert len(second.to_logits[1].weight) == 16832 + 8576


@pytest.mark.parametrize("wrap", ["state_dict", "module", "fp32"])
def test_files_of_fine_tuning_are_read(weights: Path, wrap: str, tmp_path: Path) -> None:
    state = torch.load(weights, weights_only=True)
    made = {
        "state_dict": {"state_dict": state, "epoch": 3},
        "module": {f"module.{name}": tensor for name, tensor in state.items()},
        "fp32": {name: tensor.float() for name, tensor in state.items()} | {"transformer.row_mask": torch.ones(2, 2)},
    }[wrap]
    torch.save(made, tmp_path / "tuned.pt")
    first, again = (rudolph_format.read(path, **SIZES) for path in (weights, tmp_path / "tuned.pt"))
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True))


def test_other_files_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        rudolph_format.read(tmp_path / "nothing.bin")
    with pytest.raises(DataError, match="heads"):
        rudolph_format.read(weights, n_heads=5)
    state = torch.load(weights, weights_only=True)
    for number, wrong in enumerate((
        [1, 2], {}, {"text_embeddings.weight": torch.ones(3)}, {"a": 1},
        {name: tensor for name, tensor in state.items() if "layers.2.mlp" not in name},
        state | {"image_row_embeddings.weight": torch.ones(4, 31)},
    )):  # fmt: skip
        path = tmp_path / f"{number}.bin"
        torch.save(wrong, path)
        with pytest.raises(DataError, match="fix:"):
            rudolph_format.read(path, n_heads=4)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    (tmp_path / "torn.bin").write_bytes(buffer.getvalue()[:-200])
    with pytest.raises(DataError, match="fix:"):
        rudolph_format.read(tmp_path / "torn.bin", n_heads=4)
