"""What decodes is the `decoding` object: the generation_config.json of a pretrained decoder changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS
from torch import Tensor
from transformers import GPT2LMHeadModel

from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.modeling.batch import Images

#: every field of transformers' configuration that changes what is written and that a published model may set
POISON = {
    "repetition_penalty": 1.9, "no_repeat_ngram_size": 1, "min_new_tokens": 7, "min_length": 9, "max_length": 4,
    "suppress_tokens": [40, 41, 42, 43, 44, 45], "begin_suppress_tokens": list(range(1, 150)),
    "forced_eos_token_id": 9, "forced_bos_token_id": 11, "eos_token_id": [17, 18], "pad_token_id": 19,
    "bad_words_ids": [[5], [6, 7]], "sequence_bias": [[[8], 9.0]], "temperature": 0.2, "top_k": 2, "top_p": 0.3,
    "min_p": 0.2, "typical_p": 0.4, "epsilon_cutoff": 0.01, "eta_cutoff": 0.01, "do_sample": True, "num_beams": 3,
    "length_penalty": -3.0, "early_stopping": True, "num_return_sequences": 2, "exponential_decay_length_penalty":
    [1, 1.5], "encoder_repetition_penalty": 2.0, "max_time": 1e-9, "renormalize_logits": True,
    "use_cache": False, "return_dict_in_generate": True, "output_scores": True, "made_up": 3,
}  # fmt: skip
TRAINED = [{"train": "frozen"}, {"train": "full"}, {"train": "last", "last_layers": 1}, {"train": "lora"}]
PREFIX = {"prefix_length": 2, "max_caption_tokens": 32}
CASES = [{"name": "clipcap", **PREFIX, "decoder": decoder} for decoder in TRAINED]
CASES += [{"name": "vit_gpt", "max_caption_tokens": 32, "decoder": {"train": train}} for train in ("full", "cross")]
LENGTH = 10


@pytest.fixture
def clean(tiny_models: Path, tmp_path: Path) -> Path:
    """The folder of a GPT-2 whose random weights are large enough for captions of several words."""
    shutil.copytree(tiny_models / "gpt2", tmp_path / "clean")
    gpt = GPT2LMHeadModel.from_pretrained(tmp_path / "clean")
    torch.manual_seed(1)
    for parameter in gpt.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    gpt.save_pretrained(tmp_path / "clean")
    return tmp_path / "clean"


@pytest.fixture
def poisoned(clean: Path, tmp_path: Path) -> Path:
    """The same model, which says how it likes to be decoded, in both of the files that may."""
    shutil.copytree(clean, tmp_path / "poisoned")
    settings = json.loads((clean / "config.json").read_text())
    poison = {name: POISON[name] for name in ("repetition_penalty", "no_repeat_ngram_size", "suppress_tokens")}
    (tmp_path / "poisoned" / "config.json").write_text(json.dumps(settings | poison))
    (tmp_path / "poisoned" / "generation_config.json").write_text(json.dumps(POISON))
    return tmp_path / "poisoned"


def build(settings: dict[str, Any], models: Path, gpt: Path) -> Captioner:
    torch.manual_seed(3)
    encoder = {"name": "vit", "model": str(models / "vit"), "output": "pooled"}
    decoder = {"model": str(gpt), **settings["decoder"]}
    return create(config.configure("captioners", {**settings, "encoder": encoder, "decoder": decoder}), TEXTS).eval()


def images() -> Images:
    return Images(features=torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(0)))


def next_logits(captioner: Any, number: int, written: list[int]) -> Tensor:
    """The plain logits after what was written: no cache, no `generate`."""
    seen = images().tensor[number : number + 1]
    ids = torch.tensor([written], dtype=torch.long)
    if captioner.config.name == "clipcap":
        embeds = torch.cat([captioner.mapper(seen), captioner.embed(ids)], dim=1)
        return captioner.decoder(inputs_embeds=embeds).logits[0, -1]
    start = torch.tensor([[captioner.tokenizer.end_id]])
    ids = torch.cat([start, ids], dim=1)
    return captioner.decoder(input_ids=ids, encoder_hidden_states=captioner.bridge(seen)).logits[0, -1]


def by_hand(captioner: Any, number: int, *, seed: int | None = None) -> tuple[list[int], float]:
    """A caption token by token, the likeliest or a drawn one, and its log-probability."""
    written: list[int] = []
    total = 0.0
    if seed is not None:
        torch.manual_seed(seed)
    while len(written) < LENGTH and captioner.tokenizer.end_id not in written:
        logits = next_logits(captioner, number, written)
        token = logits.argmax() if seed is None else logits.softmax(-1).multinomial(1)[0]
        total += float(logits.log_softmax(-1)[token])
        written.append(int(token))
    return written, total


@torch.no_grad()
@pytest.mark.parametrize("settings", CASES, ids=lambda s: f"{s['name']}-{s['decoder']['train']}")
def test_a_pretrained_model_s_own_wishes_change_nothing(
    settings: dict[str, Any], tiny_models: Path, clean: Path, poisoned: Path, tmp_path: Path
) -> None:
    captioner = build(settings, tiny_models, poisoned)
    checkpoint.save(captioner, tmp_path / "saved")
    checkpoint.save(captioner, tmp_path / "whole", self_contained=True)
    greedy = [by_hand(captioner, number) for number in range(2)]
    assert any(len(set(ids)) > 2 for ids, _ in greedy)  # not a caption that any rule would leave as it is
    beam = Beam(width=3, n_candidates=2, max_new_tokens=LENGTH)
    beams = build(settings, tiny_models, clean).generate(images(), [None] * 2, beam)
    for one in (captioner, checkpoint.load(tmp_path / "saved"), checkpoint.load(tmp_path / "whole")):
        found = one.generate(images(), [None] * 2, Greedy(max_new_tokens=LENGTH))
        for (caption,), (ids, total) in zip(found, greedy, strict=True):
            assert list(caption.token_ids) == ids
            assert caption.log_probability == pytest.approx(total, abs=1e-3)
        (drawn,) = one.generate(
            Images(features=images().tensor[:1]), [None], Nucleus(top_p=1.0, seed=5, max_new_tokens=LENGTH)
        )
        ids, total = by_hand(captioner, 0, seed=5)
        assert (list(drawn[0].token_ids), drawn[0].log_probability) == (ids, pytest.approx(total, abs=1e-3))
        searched = one.generate(images(), [None] * 2, beam)
        assert [[c.token_ids for c in row] for row in searched] == [[c.token_ids for c in row] for row in beams]
        for number, row in enumerate(searched):
            said = [
                float(next_logits(captioner, number, list(row[0].token_ids[:t])).log_softmax(-1)[i])
                for t, i in enumerate(row[0].token_ids)
            ]
            assert row[0].log_probability == pytest.approx(sum(said), abs=1e-3)
