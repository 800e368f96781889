"""Show and Tell against a plain restatement: step by step, nothing packed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_models import TEXTS
from torch import Tensor

from tests.captioners.inputs import Build, batch_of, pictures


def test_a_threshold_that_leaves_no_word_is_said(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    captioner = build("lstm", ["Кот спит"], min_count=3)
    assert captioner.tokenizer.encode("кот спит") == [2, 3]
    assert "min_count = 3" in capsys.readouterr().err


def restated(captioner: Any, image: Tensor, ids: list[int]) -> float:
    """Loss of one caption: the picture is the first input, then each word before the one that is guessed."""
    w = dict(captioner.named_parameters())
    inputs = [w["image.weight"] @ image.mean(dim=0) + w["image.bias"], *(w["embed.weight"][i] for i in ids[:-1])]
    h = c = torch.zeros(w["lstm.weight_hh_l0"].shape[1])
    loss = 0.0
    for x, target in zip(inputs, ids, strict=True):
        gates = w["lstm.weight_ih_l0"] @ x + w["lstm.bias_ih_l0"] + w["lstm.weight_hh_l0"] @ h + w["lstm.bias_hh_l0"]
        i, f, g, o = gates.chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        logits = w["output.weight"] @ h + w["output.bias"]
        loss -= float(logits[target] - logits.exp().sum().log())
    return loss


@torch.no_grad()
def test_the_loss_equals_the_paper_step_by_step(build: Build) -> None:
    captioner = build("lstm").eval()
    texts = ["кот сидит", TEXTS[0], "Кот"]
    batch, seen = batch_of(captioner, texts), pictures(captioner, 3)
    rows = [ids[mask].tolist() for ids, mask in zip(batch.token_ids, batch.token_mask, strict=True)]
    plain = sum(restated(captioner, image, ids) for image, ids in zip(seen, rows, strict=True))
    assert float(captioner(batch).total) == pytest.approx(plain, rel=1e-5)
