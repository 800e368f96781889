"""What every trainable captioner promises. One with no training is held to `generate` alone, in its own tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_vlms
import torch
from PIL import Image
from tiny_models import TEXTS
from transformers import TypicalLogitsWarper

from memecap.captioners.base import TrainableCaptioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config, registry
from memecap.decoding.base import Sampling
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.inference.precision import lower, writing
from memecap.modeling.batch import Batch, Example, Images, collate
from memecap.reading.base import Line, Reading
from memecap.training.config import SelfCritical
from memecap.training.sampling import MicroBatch
from memecap.training.scst import SelfCriticalSampler

READINGS = [
    Reading((Line("ХОЧУ РЫБУ", (1, 2, 30, 9), 0.9),), 40, 40, "test"),
    Reading((Line("ГАВ ГАВ", (1, 2, 30, 9), 0.8),), 40, 40, "test"),
]


class Typical(Sampling):
    """A way of sampling as somebody's one file has it; Meister et al., arXiv 2202.00666."""

    name: str = "test_captioners"

    def warpers(self) -> list[Any]:
        return [TypicalLogitsWarper(0.3)]


DECODINGS = [Greedy(), Beam(width=3, n_candidates=2), Nucleus(top_p=0.3, seed=1, n_candidates=2)]
NEW_GPT = {"n_layers": 2, "width": 48, "n_heads": 2, "vocab_size": 320, "dropout": 0.0, "max_positions": 320}

#: a case's name → settings with {models}/… where a tiny checkpoint goes
CASES: dict[str, dict[str, Any]] = {
    "clipcap-mlp": {"name": "clipcap", "prefix_length": 3, "reading": True, "decoder": NEW_GPT, "encoder": "ruclip"},
    "clipcap-copying": {
        "name": "clipcap", "prefix_length": 2, "reading": True, "copy_head": True,
        "decoder": NEW_GPT, "encoder": "ruclip",
    },
    "clipcap-transformer-grid": {
        "name": "clipcap", "mapper": "transformer", "mapper_layers": 1, "mapper_heads": 2, "prefix_length": 2,
        "decoder": NEW_GPT, "encoder": "ruclip:grid",
    },
    "clipcap-linear": {"name": "clipcap", "mapper": "linear", "decoder": NEW_GPT, "encoder": "resnet:grid"},
    "clipcap-frozen": {
        "name": "clipcap", "prefix_length": 20, "decoder": {"model": "{models}/rugpt3"}, "encoder": "ruclip",
    },
    "clipcap-full": {
        "name": "clipcap", "prefix_length": 3, "decoder": {"model": "{models}/gpt2", "train": "full"}, "encoder": "vit",
    },
    "clipcap-last-layer": {
        "name": "clipcap", "prefix_length": 3, "encoder": "clip",
        "decoder": {"model": "{models}/qwen2", "train": "last", "last_layers": 1},
    },
    "clipcap-lora": {
        "name": "clipcap", "prefix_length": 3, "encoder": "clip",
        "decoder": {"model": "{models}/llama", "train": "lora", "lora": {"rank": 2}},
    },
    "clipcap-retrieval": {
        "name": "clipcap", "prefix_length": 2, "reading": True, "copy_head": True, "decoder": NEW_GPT,
        "encoder": "ruclip", "retrieval": {"corpora": ["{models}/corpus"], "n_captions": 2, "max_tokens": 48},
        "max_reading_tokens": 64,
    },
    "clipcap-text-noise": {
        "name": "clipcap", "prefix_length": 2, "text_noise": 0.01, "decoder": NEW_GPT, "encoder": "clip",
    },
    "lstm": {"name": "lstm", "width": 48, "embeddings": {"width": 24}, "dropout": 0.0, "encoder": "resnet"},
    "lstm-2-navec": {
        "name": "lstm", "width": 32, "n_layers": 2, "dropout": 0.1, "embeddings": {"navec": True, "frozen": True},
        "encoder": "ruclip:grid",
    },
    "lstm-batch-norm": {
        "name": "lstm", "width": 48, "n_layers": 2, "embeddings": {"width": 24}, "dropout": 0.1, "dropout_on": "layers",
        "batch_norm": True, "min_count": 1, "encoder": "resnet",
    },
    "lstm-reading": {
        "name": "lstm", "width": 48, "embeddings": {"width": 24}, "dropout": 0.0, "reading": True, "min_count": 1,
        "encoder": "ruclip",
    },
    "attention_lstm": {
        "name": "attention_lstm", "width": 48, "attention_width": 16, "embeddings": {"width": 24}, "dropout": 0.0,
        "encoder": "resnet:grid",
    },
    "attention_lstm-reading": {
        "name": "attention_lstm", "width": 48, "attention_width": 16, "embeddings": {"navec": True}, "dropout": 0.0,
        "reading": True, "grid_side": 3, "teacher_forcing": {"end": 0.7, "batches": 20}, "encoder": "ruclip:grid",
    },
    "attention_lstm-tuned": {
        "name": "attention_lstm", "width": 48, "attention_width": 16, "embeddings": {"width": 24}, "dropout": 0.0,
        "train_encoder": True, "encoder": "resnet:grid",
    },
    "vit_gpt": {"name": "vit_gpt", "decoder": {"model": "{models}/gpt2"}, "encoder": "vit:all"},
    "vit_gpt-reading": {
        "name": "vit_gpt", "reading": True, "decoder": NEW_GPT, "encoder": "ruclip:grid",
    },
    "vit_gpt-tuned": {
        "name": "vit_gpt", "train_encoder": True, "decoder": {"model": "{models}/rugpt3", "train": "cross"},
        "encoder": "vit:grid",
    },
    "reader_writer": {
        "name": "reader_writer", "n_layers": 2, "width": 48, "n_heads": 2, "dropout": 0.0, "vocab_size": 512,
    },
    "rudolph": {
        "name": "rudolph", "reading": True, "encoder": "vqgan",
        "decoder": {"model": "{models}/rudolph", "n_heads": 4, "kernel": 3, "last_kernel": 5, "dropout": 0.0},
    },
    "rudolph-2-frozen-mlp": {
        "name": "rudolph", "encoder": "vqgan",
        "decoder": {"model": "{models}/rudolph2", "n_heads": 4, "dropout": 0.0, "freeze": ["mlp"]},
    },
    "reader_writer-letters": {
        "name": "reader_writer", "n_layers": 2, "width": 48, "n_heads": 2, "dropout": 0.0, "vocab_size": 512,
        "slots": False,
    },
    "vlm-lora": {
        "name": "vlm", "network": {"model": "{models}/vlms/qwen3_vl", "lora": {"rank": 2}}, "max_reading_tokens": 32,
        "prompt": "{reading}?", "max_caption_tokens": 128,
    },
    "vlm-full": {
        "name": "vlm", "network": {"model": "{models}/vlms/llava", "train": "full", "train_vision": True},
        "prompt": "{reading}?", "max_reading_tokens": 32, "max_caption_tokens": 128,
    },
}  # fmt: skip


def build(settings: dict[str, Any], models: Path, texts: list[str] | None = None) -> TrainableCaptioner:
    """The captioner of a case, its weights decided by the seed."""
    torch.manual_seed(0)
    made = {**settings}
    if network := made.get("network"):
        tiny_vlms.made(Path(network["model"]).name, models / "vlms")
    if encoder := made.get("encoder"):
        name, _, output = encoder.partition(":")
        shown = {"side": 8} if name == "vqgan" else {"output": output or "pooled"}
        made["encoder"] = {"name": name, "model": str(models / name), **shown}
    return create(config.configure("captioners", _placed(made, models)), texts or TEXTS * 3)


def _placed(value: Any, models: Path) -> Any:
    """The settings with {models} filled in."""
    if isinstance(value, dict):
        return {key: _placed(held, models) for key, held in value.items()}
    if isinstance(value, list):
        return [_placed(held, models) for held in value]
    return value.replace("{models}", str(models)) if isinstance(value, str) else value


@pytest.fixture(params=CASES, ids=str)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return CASES[request.param]


@pytest.fixture
def captioner(settings: dict[str, Any], tiny_models: Path) -> TrainableCaptioner:
    return build(settings, tiny_models)


def examples(captioner: TrainableCaptioner) -> list[Example]:
    pictures = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    return [
        captioner.example(text, image=captioner.look(picture), reading=reading)
        for text, picture, reading in zip(TEXTS[:2], pictures, READINGS, strict=True)
    ]


def cached(captioner: TrainableCaptioner) -> Batch:
    """The two examples with their pictures as features."""
    batch = collate(examples(captioner))
    if captioner.encoder is None or batch.images is None:
        return batch
    with torch.no_grad():
        features = captioner.encoder.eval()(batch.images.tensor)
    return replace(batch, images=Images(features=features))


def anything(captioner: TrainableCaptioner) -> Images | None:
    """Random features of two pictures, or two pictures where there are no features."""
    encoder = captioner.encoder
    if encoder is None:
        return captioner.look_at([Image.effect_noise((40, 40), 60), Image.effect_noise((60, 40), 60)])
    size = (2, encoder.n_tokens, encoder.width)
    return Images(features=torch.randint(encoder.n_codes, size) if encoder.n_codes else torch.randn(size))


def first(images: Images | None) -> Any:
    """What an example is given of the first picture."""
    return None if images is None else images.inputs[0] if images.inputs is not None else images.tensor[0]


def overfit(captioner: TrainableCaptioner, steps: int = 150) -> Images | None:
    """Learn the two examples by heart, from cached features."""
    learnt = cached(captioner)
    optimizer = torch.optim.Adam([p for p in captioner.parameters() if p.requires_grad], lr=5e-3)
    captioner.train()
    for _ in range(steps):
        loss = captioner(learnt)
        optimizer.zero_grad()
        loss.mean.backward()
        optimizer.step()
        if float(loss.mean.detach()) < 0.05:
            break
    captioner.eval()
    return learnt.images


def test_every_captioner_is_tried() -> None:
    parts = {name: registry.load("captioners", name) for name in registry.names("captioners")}
    trainable = {name for name, part in parts.items() if issubclass(part, TrainableCaptioner)}
    assert trainable == {case["name"] for case in CASES.values()}


@torch.no_grad()
def test_padding_changes_no_loss(captioner: TrainableCaptioner) -> None:
    captioner.eval()
    made = examples(captioner)
    made[1] = captioner.example("Кот", image=made[1].image)
    together = captioner(collate(made))
    apart = [captioner(collate([example])) for example in made]
    assert together.n_tokens == sum(loss.n_tokens for loss in apart)
    assert float(together.total) == pytest.approx(sum(float(loss.total) for loss in apart), abs=1e-3)


@torch.no_grad()
def test_a_caption_that_is_cut_is_taught_no_end(captioner: TrainableCaptioner) -> None:
    captioner.eval()
    end_id, image = captioner.tokenizer.end_id, examples(captioner)[0].image
    whole, cut = (captioner.example("кот спит " * n, image=image) for n in (1, 400))
    assert whole.token_ids[-1] == end_id and end_id not in whole.token_ids[:-1]
    assert len(cut.token_ids) > len(whole.token_ids) and end_id not in cut.token_ids
    loss = captioner(collate([whole, cut]))
    assert loss.n_tokens == len(whole.token_ids) + len(cut.token_ids) and loss.total.isfinite()


@torch.no_grad()
def test_the_batch_s_wishes_about_the_loss_are_granted(captioner: TrainableCaptioner) -> None:
    """Weights of examples; label smoothing, in which a loss is linear."""
    captioner.eval()
    made = examples(captioner)
    plain, heavy = (float(captioner(collate([made[0], replace(made[1], weight=w)])).total) for w in (1.0, 3.0))
    assert heavy - plain == pytest.approx(2 * float(captioner(collate(made[1:])).total), rel=1e-3)
    smoothed = [float(captioner(collate(made, label_smoothing=share)).total) for share in (0.0, 0.1, 0.2)]
    assert smoothed[1] - smoothed[0] == pytest.approx(smoothed[2] - smoothed[1], rel=1e-2)
    assert abs(smoothed[1] - smoothed[0]) > 1e-3


@torch.no_grad()
def test_what_was_sampled_can_be_learnt(captioner: TrainableCaptioner) -> None:
    """`token_ids` of a caption, put into a batch, have the log-probability that the caption came with."""
    captioner.eval()
    batch = cached(captioner)
    for captions, example in zip(
        captioner.generate(batch.images, READINGS, Nucleus(top_p=1.0, max_new_tokens=6, n_candidates=3)),
        examples(captioner),
        strict=True,
    ):
        for caption in captions:
            assert len(caption.token_ids) <= 6
            loss = captioner(collate([replace(example, token_ids=caption.token_ids)]))
            # a word that may not be said, such as the unknown one, keeps its share in the loss
            assert caption.log_probability == pytest.approx(-float(loss.total), rel=0.02)


def test_it_can_be_rewarded(captioner: TrainableCaptioner) -> None:
    """Self-sampleral training needs no more than `generate`, `forward` and the ids of what was written."""
    batch = cached(captioner)
    sampler = SelfCriticalSampler(
        captioner, SelfCritical(n_samples=3, max_new_tokens=5), [(text,) for text in TEXTS[:2]]
    )
    captioner.train()
    (share,) = sampler.sample([MicroBatch(batch, batch.n_tokens, items=(0, 1), readings=tuple(READINGS))], "seed")
    assert len(share.batch) == len(share.rewards) == 6
    captioner(share.batch).total.backward()
    gradients = [p.grad for p in captioner.parameters() if p.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)
    if len(set(share.rewards)) > 1:
        assert any(gradient.abs().max() > 0 for gradient in gradients)


@torch.no_grad()
def test_pixels_and_their_features_are_the_same_picture(captioner: TrainableCaptioner) -> None:
    captioner.eval()
    pixels = captioner(collate(examples(captioner))).total
    assert float(captioner(cached(captioner)).total) == pytest.approx(float(pixels), abs=1e-4)


def test_frozen_parts_stay_frozen(captioner: TrainableCaptioner) -> None:
    captioner.train()
    references = captioner.references()
    trained = getattr(captioner.config, "train_encoder", False)
    assert ("encoder" in references) == (captioner.encoder is not None and not trained)
    held = checkpoint.own_state(captioner)
    for reference, module in references.items():
        learnt = {f"{reference}.{name}" for name, parameter in module.named_parameters() if parameter.requires_grad}
        assert {name for name in held if name.startswith(f"{reference}.")} == learnt
        assert module.training == bool(learnt)
        assert len(learnt) < len(list(module.parameters()))
    assert any(parameter.requires_grad for parameter in captioner.parameters())


def test_learns_two_captions_and_comes_back_from_disk(captioner: TrainableCaptioner, tmp_path: Path) -> None:
    images = overfit(captioner)
    # a frozen decoder with random weights can say nothing
    is_frozen = getattr(getattr(captioner.config, "decoder", None), "train", "full") == "cross"
    learns = captioner.references().keys() <= {"encoder"} and not is_frozen
    for decoding in DECODINGS if learns else ():
        found = captioner.generate(images, READINGS, decoding)
        said = [captions[0].text.casefold() for captions in found]
        assert said == [written(captioner, text).casefold() for text in TEXTS[:2]]
        assert all(captions[0].finished for captions in found)
        assert [len(captions) for captions in found] == [getattr(decoding, "n_candidates", 1)] * 2
        for captions in found:
            scores = [caption.log_probability for caption in captions]
            assert scores[0] is None or scores[0] <= 0
    greedy = captioner.generate(images, READINGS, DECODINGS[0])
    total = -float(captioner(cached(captioner)).total.detach())
    assert not learns or sum(captions[0].log_probability or 0 for captions in greedy) == pytest.approx(total, rel=1e-2)
    checkpoint.save(captioner, tmp_path / "saved")
    again = checkpoint.load(tmp_path / "saved")
    assert again.generate(images, READINGS, DECODINGS[0]) == greedy
    assert {n: p.requires_grad for n, p in again.named_parameters()} == {
        n: p.requires_grad for n, p in captioner.named_parameters()
    }


def written(captioner: TrainableCaptioner, text: str) -> str:
    """The text as the captioner's tokenizer gives it back."""
    return captioner.tokenizer.decode(captioner.tokenizer.encode(text))


def test_limits_are_kept(captioner: TrainableCaptioner) -> None:
    images = anything(captioner)
    short = (Greedy(max_new_tokens=1), Beam(width=4, max_new_tokens=3), Nucleus(max_new_tokens=2))
    for decoding in (*short, Typical(max_new_tokens=2, n_candidates=2)):
        found = captioner.generate(images, [None, READINGS[0]], decoding)
        assert [len(captions) for captions in found] == [getattr(decoding, "n_candidates", 1)] * 2
        assert found == captioner.generate(images, [None, READINGS[0]], decoding)
        for captions in found:
            # a slot is a line of two words, and a line that no slot quotes may follow after two words of ours
            assert len(captions[0].text.split()) <= 2 * decoding.max_new_tokens + 4
    long = Greedy(min_new_tokens=12, max_new_tokens=12, no_repeat_ngram=1, repetition_penalty=1.3)
    assert all(
        not captions[0].finished or len(captions[0].text) for captions in captioner.generate(images, READINGS, long)
    )


def test_sampling_follows_its_seed_alone(captioner: TrainableCaptioner) -> None:
    images = anything(captioner)

    def sample(seed: int) -> Any:
        return captioner.generate(images, READINGS, Nucleus(top_p=1.0, seed=seed, max_new_tokens=8))

    state = torch.get_rng_state()
    first = sample(1)
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(99)
    assert sample(1) == first
    assert sample(2) != first


def test_captions_of_any_length_and_readings_of_none(captioner: TrainableCaptioner) -> None:
    captioner.eval()
    images = anything(captioner)
    image = first(images)
    long = Reading(tuple(Line("слово " * 50, (0, 0, 1, 1), 0.5) for _ in range(9)), 9, 9, "test")
    for caption in ("", "кот", "неведомое " * 500, "😀 §"):
        for reading in (None, Reading((), 9, 9, "test"), long):
            loss = captioner(collate([captioner.example(caption, image=image, reading=reading)]))
            assert torch.isfinite(loss.total)
    (captions,) = captioner.generate(
        None if images is None else images.select(torch.tensor([0])), [long], Greedy(max_new_tokens=2)
    )
    assert len(captions) == 1


@torch.no_grad()
def test_it_writes_in_bf16_too(captioner: TrainableCaptioner) -> None:
    captioner.eval()
    batch = collate(examples(captioner))
    decoding = Greedy(max_new_tokens=4)
    exact = captioner.generate(batch.images, READINGS, decoding)
    lower(captioner, "bf16")
    assert any(parameter.dtype == torch.bfloat16 for parameter in captioner.parameters())
    with writing("bf16", "cpu"):
        rounded = captioner.generate(batch.images, READINGS, decoding)
    for (one,), (other,) in zip(exact, rounded, strict=True):
        assert other.log_probability == pytest.approx(one.log_probability, rel=0.05)


def test_a_corpus_of_one_row_teaches_something(settings: dict[str, Any], tiny_models: Path) -> None:
    """One training caption of one word, one picture; then a caption of which the vocabulary has no word."""
    captioner = build(settings, tiny_models, ["Кот"])
    images = anything(captioner)
    one = None if images is None else images.select(torch.tensor([0]))
    captioner.train()
    for caption in ("Кот", "совсем иные слова " * 170):
        image = first(one)
        loss = captioner(collate([captioner.example(caption, image=image, reading=Reading((), 9, 9, "test"))]))
        loss.mean.backward()
        assert torch.isfinite(loss.total)
    for decoding in (Greedy(max_new_tokens=3), Beam(max_new_tokens=3), Nucleus(max_new_tokens=3)):
        (captions,) = captioner.generate(one, [Reading((), 9, 9, "test")], decoding)
        assert len(captions[0].token_ids) <= 3
