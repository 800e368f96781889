"""RuDOLPH as a captioner, beside the original's formulas in numpy: greedy ids, the loss, the frame of a sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import naive_rudolph
import pytest
import torch
from tiny_models import TEXTS, write_rudolph, write_vqgan

from memecap.captioners.base import create
from memecap.captioners.rudolph import RuDOLPH
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.mbr import MBR
from memecap.errors import ConfigError, MissingFileError
from memecap.memory.recollection import Recollection
from memecap.modeling.batch import Images, collate
from memecap.reading.base import Line, Reading

SIZES = {"n_heads": 4, "kernel": 3, "last_kernel": 5}
READING = Reading((Line("КОТ и", (0, 0, 9, 9), 0.9), Line("ёж", (0, 9, 9, 18), 0.9)), 40, 40, "test")
CODES = torch.arange(16)[None, :, None].to(torch.int16)


def build(models: Path, weights: Path | None = None, **settings: Any) -> RuDOLPH:
    part = {
        "name": "rudolph", "encoder": {"name": "vqgan", "model": str(models / "vqgan"), "side": 8},
        "decoder": {"model": str(weights or models / "rudolph"), "dropout": 0.0, **SIZES}, **settings,
    }  # fmt: skip
    captioner = create(config.configure("captioners", part))
    assert isinstance(captioner, RuDOLPH)
    return captioner


def remembered(*captions: str) -> Recollection:
    return Recollection(
        "a", "a", "memes", "train", captions, (), (0, 0, 40, 40), 0.9, 50, 0.9, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    )


@pytest.mark.parametrize("n_special", [0, 8])
@pytest.mark.parametrize("reading", [None, READING])
def test_greedy_ids_are_those_of_the_original(tmp_path: Path, n_special: int, reading: Reading | None) -> None:
    """Several pictures at once, each alone in the formulas; version 2 has special tokens."""
    torch.manual_seed(3)
    write_rudolph(tmp_path / "rudolph", n_special=n_special, left=8, right=12, n_layers=3)
    write_vqgan(tmp_path / "vqgan")
    captioner = build(tmp_path, reading=True)
    state = naive_rudolph.load(tmp_path / "rudolph" / "pytorch_model.bin")
    pictures = torch.randint(32, (6, 16, 1), dtype=torch.int16)
    found = captioner.generate(Images(features=pictures), [reading] * 6, Greedy(max_new_tokens=60))
    size = captioner.tokenizer.size
    special = ([size + 3], [size + 5]) if n_special else ([], [])
    ids = captioner.tokenizer.encode("кот и ёж")[: 8 - 2 - len(special[0])] if reading else []
    left = [2, *special[0], *ids, 3] if ids or n_special else []
    expected = [
        naive_rudolph.greedy(state, [*left, *[0] * (8 - len(left))], codes, [2, *special[1]], size, SIZES)
        for codes in pictures[..., 0].tolist()
    ]
    assert [list(captions[0].token_ids) for captions in found] == expected
    assert len({tuple(row) for row in expected}) > 1


def test_a_special_token_ends_a_caption(tmp_path: Path) -> None:
    write_rudolph(tmp_path / "rudolph", n_special=8, left=8, right=12)
    write_vqgan(tmp_path / "vqgan")
    captioner = build(tmp_path)
    with torch.no_grad():
        captioner.decoder.to_logits[1].bias[captioner.tokenizer.size + 2] = 1e3
    for search in (Greedy(), Beam(width=3)):
        ((caption, *_),) = captioner.generate(Images(features=CODES), [None], search)
        assert caption.token_ids == (captioner.tokenizer.end_id,) and caption.text == ""


def test_loss_in_training_is_the_original_s(tiny_models: Path) -> None:
    captioner = build(tiny_models, reading=True).train()
    state = naive_rudolph.load(tiny_models / "rudolph" / "pytorch_model.bin")
    made = [captioner.example(text, image=CODES[0], reading=READING) for text in TEXTS[:2]]
    expected, n_tokens = 0.0, 0
    for example in made:
        left = [*example.prompt_ids, *[0] * (24 - len(example.prompt_ids))]
        one = naive_rudolph.loss(state, left, CODES[0, :, 0].tolist(), [2, *example.token_ids], (0.01, 1, 7), SIZES)
        loss = captioner(collate([example]))
        assert float(loss.mean.detach()) == pytest.approx(one, abs=1e-4)
        expected += one * loss.n_tokens
        n_tokens += loss.n_tokens
    together = captioner(collate(made))
    assert float(together.total.detach()) == pytest.approx(expected, rel=1e-5)
    assert together.n_tokens == n_tokens
    assert float(captioner.eval()(collate(made)).total.detach()) != pytest.approx(expected, rel=1e-2)


def test_the_left_text_is_what_was_read_then_what_is_remembered(tiny_models: Path) -> None:
    known = Reading(READING.lines, 40, 40, "test", (remembered("Это кот."), remembered("Пёс")))
    encode = build(tiny_models).tokenizer.encode
    read, told = encode("кот и ёж"), encode("это кот.")
    for settings, expected in (
        ({}, []),
        ({"reading": True}, [2, *read, 3]),
        ({"remembered": True}, [2, *told, 3, *encode("пёс"), 3]),
        ({"reading": True, "remembered": True}, [2, *read, 3, *told, 3, *encode("пёс"), 3]),
    ):
        captioner = build(tiny_models, **settings)
        assert captioner.example("кот", image=CODES[0], reading=known).prompt_ids == expected[:24]
        assert captioner.example("кот", image=CODES[0]).prompt_ids == []
    long = Reading((Line("кот " * 90, (0, 0, 9, 9), 0.9),), 40, 40, "test", (remembered("пёс"),))
    ids = captioner.example("кот", image=CODES[0], reading=long).prompt_ids
    assert len(ids) == 24 and ids[-1] == 3 and ids.count(3) == 1


def test_it_writes_no_more_than_the_right_text_holds(tiny_models: Path) -> None:
    captioner = build(tiny_models)
    with torch.no_grad():
        captioner.decoder.to_logits[1].bias[3] = -1e3
    for search in (Greedy(max_new_tokens=500, min_new_tokens=300), Beam(width=2, max_new_tokens=500)):
        ((caption, *_),) = captioner.generate(Images(features=CODES), [None], search)
        assert len(caption.token_ids) == 63 and not caption.finished


def test_samples_share_their_picture(tiny_models: Path) -> None:
    """One pass over the places before the captions, however many are sampled; each is scored as if it were alone."""
    captioner = build(tiny_models)
    seen: list[int] = []
    captioner.decoder.transformer.layers[0].attention.dense.register_forward_hook(
        lambda module, inputs, out: seen.append(inputs[0].shape[1])
    )
    pictures = torch.randint(32, (2, 16, 1))
    found = captioner.generate(Images(features=pictures), [None] * 2, MBR(n_samples=5, max_new_tokens=6).candidates())
    assert sorted(set(seen)) == [1, 24 + 16 + 1] and seen.count(41) == 1
    assert [len(captions) for captions in found] == [5, 5]


def test_without_a_picture_its_places_are_left_out(tiny_models: Path) -> None:
    captioner = build(tiny_models, reading=True).train()
    loss = captioner(collate([captioner.example("кот", reading=READING)]))
    loss.total.backward()
    assert captioner.decoder.image_embeddings.weight.grad is None
    ((caption,),) = captioner.generate(None, [READING], Greedy(max_new_tokens=4))
    assert caption.token_ids


def test_what_does_not_belong_together_is_refused(tiny_models: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sees 16 cells of a picture, the encoder gives 64"):
        build(tiny_models, encoder={"name": "vqgan", "model": str(tiny_models / "vqgan"), "side": 16})
    with pytest.raises(ConfigError, match="the encoder gives vectors"):
        build(tiny_models, encoder={"name": "vit", "model": str(tiny_models / "vit")})
    write_rudolph(tmp_path, n_codes=31)
    with pytest.raises(ConfigError, match="knows 31 codes, the encoder gives 32 codes"):
        build(tiny_models, tmp_path)
    (tmp_path / "bpe.model").unlink()
    with pytest.raises(MissingFileError, match=r"bpe\.model"):
        build(tiny_models, tmp_path)


@pytest.mark.parametrize("name", ["clipcap", "vit_gpt", "lstm", "attention_lstm"])
def test_captioners_that_compute_with_vectors_take_no_codes(name: str, tiny_models: Path) -> None:
    encoder = {"name": "vqgan", "model": str(tiny_models / "vqgan"), "side": 8}
    more = {"decoder": {"model": str(tiny_models / "gpt2")}} if name == "vit_gpt" else {}
    with pytest.raises(ConfigError, match="gives codes, numbers of a vocabulary"):
        create(config.configure("captioners", {"name": name, "encoder": encoder, **more}), TEXTS * 3)
