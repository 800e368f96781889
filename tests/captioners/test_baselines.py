"""The settings of earlier systems: what each option does, in numbers, and that the baselines' YAMLs ask for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS, shaken
from torch import Tensor, nn

from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.decoding.nucleus import Nucleus
from memecap.modeling.batch import Batch, Images, collate
from memecap.text.words import Words
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.optim import build_optimizer, lr_factor, set_lr

Build = Callable[..., Captioner]
CONFIGS = Path(__file__).parents[2] / "configs" / "train"

#: the recipe of each earlier system, as it was described: the captioner, what all stages share, the epochs, the search
TABLE: dict[str, tuple[dict[str, Any], dict[str, Any], list[int], dict[str, Any]]] = {
    "baseline_resnet50": (
        {
            "encoder.name": "resnet", "encoder.model": "microsoft/resnet-50", "n_layers": 2, "width": 512,
            "embeddings.width": 512, "embeddings.navec": False, "batch_norm": True, "dropout": 0.2,
            "dropout_on": "layers", "min_count": 1, "reading": False, "train_encoder": False,
        },
        {"batch_size": 10, "accumulate": 1, "optimizer": "adam", "weight_decay": 0.0, "lr": 1e-3,
         "schedule": "constant", "warmup": 0.0, "clip": 5.0},
        [30, 40],
        {"name": "nucleus", "top_p": 1.0, "top_k": 0, "temperature": 1.0},
    ),
    "baseline_resnet101_navec": (
        {
            "encoder.name": "resnet", "encoder.model": "microsoft/resnet-101", "n_layers": 2,
            "embeddings.navec": True, "embeddings.frozen": True, "dropout": 0.5, "min_count": 5, "reading": False,
        },
        {},
        [30, 20],
        {"name": "nucleus", "top_p": 1.0, "top_k": 0, "temperature": 1.0},
    ),
}  # fmt: skip


@pytest.fixture
def build(tiny_models: Path) -> Build:
    """A captioner over a tiny ResNet, so far from its first weights that captions differ."""

    def made(name: str, texts: list[str] = TEXTS, **settings: Any) -> Captioner:
        torch.manual_seed(0)
        small = {"width": 12, "embeddings": {"width": 10}, "min_count": 1, "dropout": 0.0}
        small["encoder"] = {"name": "resnet", "model": str(tiny_models / "resnet")}
        return shaken(create(config.configure("captioners", {"name": name, **small, **settings}), texts))

    return made


def pictures(captioner: Any, n: int) -> Tensor:
    return torch.randn(
        n, captioner.encoder.n_tokens, captioner.encoder.width, generator=torch.Generator().manual_seed(1)
    )


def batch_of(captioner: Any, texts: list[str]) -> Batch:
    seen = pictures(captioner, len(texts))
    return collate([captioner.example(text, image=image) for text, image in zip(texts, seen, strict=True)])


def at(settings: Any, key: str) -> Any:
    for part in key.split("."):
        settings = settings[part]
    return settings


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("baseline_inception", {"name": "timm", "model": "timm/inception_v3.tv_in1k", "output": "grid"}),
        ("baseline_mobilenet", {"name": "mobilenet", "model": "google/mobilenet_v2_1.0_224", "output": "grid"}),
    ],
)
def test_the_yaml_of_an_attention_baseline(name: str, encoder: dict[str, str]) -> None:
    loaded = config.load(TrainConfig, CONFIGS / f"{name}.yaml").model_dump(mode="json")
    captioner = loaded["captioner"]
    assert (captioner["name"], captioner["encoder"], captioner["doubly_stochastic"]) == ("attention_lstm", encoder, 0)
    assert captioner["teacher_forcing"]["start"] == 1.0
    assert captioner["teacher_forcing"]["end"] < 1.0
    assert {stage["captions"] for stage in loaded["stages"]} == {"one"}


def test_the_mobilenet_baseline_learns_with_a_teacher_who_falls_silent(tiny_models: Path) -> None:
    override = [f"captioner.encoder.model={tiny_models / 'mobilenet'}", "captioner.teacher_forcing.batches=2"]
    settings = config.load(TrainConfig, CONFIGS / "baseline_mobilenet.yaml", [*override, "captioner.min_count=1"])
    captioner: Any = create(settings.captioner, TEXTS).train()
    assert captioner.encoder.n_tokens == 1  # the tiny network's last map; the real one's is 7 x 7
    batch = batch_of(captioner, TEXTS)
    assert [captioner._share_told(batch) for _ in range(4)] == [1.0, 0.75, 0.5, 0.5]
    optimizer = build_optimizer(captioner, settings.stages[0])
    assert type(optimizer) is torch.optim.Adam
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = captioner(batch).total
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", TABLE)
def test_the_yaml_is_the_recipe(name: str) -> None:
    captioner, stages, epochs, decoding = TABLE[name]
    loaded = config.load(TrainConfig, CONFIGS / f"{name}.yaml").model_dump(mode="json")
    assert {key: at(loaded["captioner"], key) for key in captioner} == captioner
    for stage in loaded["stages"]:
        assert {key: stage[key] for key in stages} == stages
    assert [stage["epochs"] for stage in loaded["stages"]] == epochs
    assert {key: loaded["decoding"][key] for key in decoding} == decoding


def test_a_batch_norm_learns_its_statistics_in_training_only(build: Build) -> None:
    captioner: Any = build("lstm", batch_norm=True).train()
    batch, seen = batch_of(captioner, TEXTS), pictures(captioner, len(TEXTS)).mean(dim=1)
    projected = (seen @ captioner.image.weight.T + captioner.image.bias).detach()
    captioner(batch)
    # By hand: the momentum of torch is a tenth, its running variance unbiased.
    assert torch.allclose(captioner.image_norm.running_mean, 0.1 * projected.mean(dim=0), atol=1e-6)
    variance = 0.9 + 0.1 * ((projected - projected.mean(dim=0)) ** 2).sum(dim=0) / (len(TEXTS) - 1)
    assert torch.allclose(captioner.image_norm.running_var, variance, atol=1e-5)
    before = {name: buffer.clone() for name, buffer in captioner.image_norm.named_buffers()}
    captioner.eval()(batch)
    captioner.generate(Images(features=pictures(captioner, 2)), [None, None], Nucleus(max_new_tokens=3))
    assert all(torch.equal(buffer, before[name]) for name, buffer in captioner.image_norm.named_buffers())


def test_a_batch_norm_stands_between_projection_and_words(build: Build) -> None:
    captioner: Any = build("lstm", batch_norm=True).train()
    first: list[Tensor] = []
    captioner.lstm.register_forward_pre_hook(lambda module, given: first.append(given[0].data))
    captioner(batch_of(captioner, ["кот"] * 6))
    images = first[0][:6]  # a packed sequence begins with the first step of every example
    w, b = captioner.image_norm.weight, captioner.image_norm.bias
    whitened = (images - b) / w
    assert torch.allclose(whitened.mean(dim=0), torch.zeros(()), atol=1e-4)
    assert torch.allclose(whitened.var(dim=0, unbiased=False), torch.ones(()), atol=1e-2)


def test_a_batch_of_one_picture_does_not_stop_a_batch_norm(build: Build) -> None:
    captioner: Any = build("lstm", batch_norm=True).train()
    loss = captioner(batch_of(captioner, TEXTS[:1])).total  # the last batch of an epoch may be as small
    assert torch.isfinite(loss)
    assert int(captioner.image_norm.num_batches_tracked) == 0


def test_a_batch_norm_is_saved_with_its_statistics(build: Build, tmp_path: Path) -> None:
    captioner: Any = build("lstm", batch_norm=True).train()
    for _ in range(3):
        captioner(batch_of(captioner, TEXTS))
    images = Images(features=pictures(captioner, 3))
    said = captioner.generate(images, [None] * 3, Nucleus(top_p=1.0, max_new_tokens=12))
    checkpoint.save(captioner.eval(), tmp_path / "saved")
    again: Any = checkpoint.load(tmp_path / "saved")
    assert torch.equal(again.image_norm.running_mean, captioner.image_norm.running_mean)
    assert torch.equal(again.image_norm.running_var, captioner.image_norm.running_var)
    assert again.generate(images, [None] * 3, Nucleus(top_p=1.0, max_new_tokens=12)) == said


@pytest.mark.parametrize(("place", "n_layers", "differs"), [
    ("layers", 1, False), ("layers", 2, True), ("everywhere", 1, True),
])  # fmt: skip
def test_where_dropout_falls(build: Build, place: str, n_layers: int, differs: bool) -> None:
    captioner: Any = build("lstm", dropout=0.5, dropout_on=place, n_layers=n_layers).train()
    given: list[Tensor] = []
    captioner.lstm.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0].data.detach()))
    captioner.output.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0].detach()))
    batch = batch_of(captioner, TEXTS)
    for _ in range(2):
        captioner(batch)
    inputs, states = torch.equal(given[0], given[2]), torch.equal(given[1], given[3])
    assert inputs is (place == "layers")
    assert states is not differs
    assert bool((given[0] == 0).any()) is (place == "everywhere")
    assert bool((given[1] == 0).any()) is (place == "everywhere")  # nothing is dropped before the words' scores


def test_frozen_embeddings_stay_as_they_are(build: Build) -> None:
    captioner: Any = build("lstm", embeddings={"width": 10, "frozen": True}).train()
    table = captioner.embed.weight.detach().clone()
    stage = config.validate(StageConfig, {"name": "s", "corpora": ["a"], "epochs": 1, "lr": 0.1}, where="test")
    optimizer = build_optimizer(captioner, stage)
    for _ in range(3):
        captioner(batch_of(captioner, TEXTS)).total.backward()
        assert captioner.embed.weight.grad is None
        optimizer.step()
    assert torch.equal(captioner.embed.weight, table)


def test_a_threshold_keeps_and_drops_words() -> None:
    texts = ["кот кот пёс", "кот дом", "пёс"]
    assert set(Words.learn(texts, min_count=1).words[2:]) == {"кот", "пёс", "дом"}
    assert set(Words.learn(texts, min_count=2).words[2:]) == {"кот", "пёс"}
    assert set(Words.learn(texts, min_count=3).words[2:]) == {"кот"}


def test_pure_sampling_draws_from_the_whole_distribution(build: Build) -> None:
    captioner: Any = build("lstm", ["кот пёс дом"]).eval()
    image = pictures(captioner, 1)
    example = captioner.example("", image=image[0])
    with torch.no_grad():
        logits = captioner._advance(captioner._start(Images(features=image), 1), None)[0][0]
        logits[1] = float("-inf")  # no caption says that a word is missing
    expected = logits.softmax(dim=0)
    drawn = captioner.generate(Images(features=image), [None], Nucleus(top_p=1.0, max_new_tokens=1, n_candidates=4000))[
        0
    ]
    shares = torch.bincount(torch.tensor([one.token_ids[0] for one in drawn]), minlength=len(expected)) / 4000
    assert torch.allclose(shares, expected, atol=0.03)
    assert len(example.token_ids) == 1


def stage(**changes: Any) -> StageConfig:
    values = {"name": "s", "corpora": ["a"], "epochs": 1, "lr": 1e-3, "warmup": 0, "schedule": "constant"}
    return config.validate(StageConfig, values | {"optimizer": "adam", "weight_decay": 0} | changes, where="test")


def adam_by_hand(weight: Tensor, gradients: list[Tensor], lr: float) -> Tensor:
    """Kingma and Ba, arXiv 1412.6980, algorithm 1."""
    m, v = torch.zeros_like(weight), torch.zeros_like(weight)
    for t, gradient in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        weight = weight - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return weight


def test_plain_adam_at_a_constant_rate() -> None:
    layer: Any = nn.Linear(3, 2)
    start, optimizer = layer.weight.detach().clone(), build_optimizer(layer, stage())
    gradients = [torch.randn(2, 3, generator=torch.Generator().manual_seed(i)) for i in range(4)]
    for step, gradient in enumerate(gradients):
        assert set_lr(optimizer, lr_factor(step, n_steps=4, stage=stage())) == 1e-3
        layer.weight.grad, layer.bias.grad = gradient.clone(), torch.zeros(2)
        optimizer.step()
    assert torch.allclose(layer.weight, adam_by_hand(start, gradients, 1e-3), atol=1e-7)


def test_options_are_off_unless_asked_for(build: Build) -> None:
    captioner: Any = build("lstm")
    assert captioner.image_norm is None
    assert collate([captioner.example("кот")]).n_tokens == 2
