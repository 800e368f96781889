"""What every captioner around a causal model of transformers does alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_models import TEXTS, shaken

from memecap.captioners.base import create
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.modeling.batch import Images, collate

GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 280, "max_positions": 160}


@pytest.fixture
def captioner(tiny_models) -> Any:
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(tiny_models / "ruclip")}
    settings = {"name": "clipcap", "encoder": encoder, "prefix_length": 3, "decoder": GPT, "max_caption_tokens": 9}
    return shaken(create(config.configure("captioners", settings), TEXTS)).eval()


@torch.no_grad()
@pytest.mark.parametrize("search", [Greedy(max_new_tokens=7), Beam(width=3, max_new_tokens=7)])
def test_the_probability_of_a_caption_is_what_its_loss_says(captioner: Any, search: Greedy | Beam) -> None:
    pictures = torch.randn(3, 1, 24)
    found = captioner.generate(Images(features=pictures), [None] * 3, search)
    for image, (caption, *_) in zip(pictures, found, strict=True):
        example = replace(captioner.example("", image=image), token_ids=list(caption.token_ids))
        assert caption.log_probability == pytest.approx(-float(captioner(collate([example])).total), rel=1e-4)


def test_a_long_caption_is_cut_and_a_short_one_ends(captioner: Any) -> None:
    long, short = (list(captioner.example(text).token_ids) for text in ("кот и " * 40, "кот"))
    assert len(long) == 9 and long == captioner.tokenizer.encode("кот и " * 40)[:9]
    assert short == [*captioner.tokenizer.encode("кот"), captioner.tokenizer.end_id]
