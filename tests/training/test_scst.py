"""Self-sampleral training: its gradient against the exact one, and the reward it is there to raise."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from memecap.core.config import validate
from memecap.errors import ConfigError
from memecap.modeling.batch import Example, collate
from memecap.training.config import SelfCritical, StageConfig, TrainConfig
from memecap.training.sampling import MicroBatch
from memecap.training.scst import Reward, SelfCriticalSampler

CAPTIONS = ("аб", "ба")


def micro_batch(captioner: Any, n: int = 1) -> MicroBatch:
    batch = collate([captioner.example(CAPTIONS[item]) for item in range(n)])
    return MicroBatch(batch, batch.n_tokens, items=tuple(range(n)), readings=(None,) * n)


def toy(seed: int = 0) -> Any:
    from toys.captioner import Toy

    torch.manual_seed(seed)
    return Toy.from_texts(Toy.Config(dropout=0.5), CAPTIONS)


def gradient(captioner: Any) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in captioner.parameters() if p.grad is not None])


@pytest.mark.parametrize("baseline", ["samples", "greedy"])
def test_the_gradient_is_that_of_the_expected_reward(baseline: str) -> None:
    """Captions of two letters at most can all be enumerated."""
    captioner = toy()
    settings = SelfCritical(n_samples=6000, baseline=baseline, max_new_tokens=2)
    sampler = SelfCriticalSampler(captioner, settings, [(text,) for text in CAPTIONS])
    (sampled,) = sampler.sample([micro_batch(captioner)], "seed")
    captioner(sampled.batch).total.backward()
    estimate = gradient(captioner) / settings.n_samples

    captioner.zero_grad()
    captioner.eval()
    rows = [(0,), *((i, 0) for i in (1, 2)), *itertools.product((1, 2), repeat=2)]
    expected = 0.0
    for row in rows:
        probability = (-captioner(collate([Example(row)])).total).exp()
        expected = expected + probability * float(sampler.reward([captioner.tokenizer.decode(row)], [0])[0])
    (-expected).backward()
    exact = gradient(captioner)
    assert torch.cosine_similarity(estimate, exact, dim=0) > 0.99
    assert float(estimate.norm() / exact.norm()) == pytest.approx(1, abs=0.1)
    assert sum(sampled.rewards) / len(sampled.rewards) == pytest.approx(float(expected.detach()), rel=0.05)


@pytest.mark.parametrize(("reward", "baseline"), [("chrf2", "samples"), ("cider_d", "greedy")])
def test_the_expected_reward_rises(reward: str, baseline: str) -> None:
    from toys.captioner import Toy

    torch.manual_seed(0)
    captions = ["кот и пёс", "дом и лес"]
    captioner = Toy.from_texts(Toy.Config(dropout=0.0), captions)
    sampler = SelfCriticalSampler(
        captioner,
        SelfCritical(reward=reward, baseline=baseline, n_samples=16, max_new_tokens=12),
        [(c,) for c in captions],
    )
    batch = collate([captioner.example(captions[i]) for i in (0, 1)])
    shown = MicroBatch(batch, batch.n_tokens, items=(0, 1), readings=(None, None))
    optimizer = torch.optim.Adam(captioner.parameters(), lr=0.01)
    for _ in range(60):  # it learns to write first: who never says a word of a reference has nothing to gain from
        optimizer.zero_grad()
        captioner(batch).mean.backward()
        optimizer.step()

    def reached(seed: str) -> float:
        (sampled,) = sampler.sample([shown], seed)
        return sum(sampled.rewards) / len(sampled.rewards)

    before = sum(reached(f"before/{i}") for i in range(5)) / 5
    for step in range(60):
        (sampled,) = sampler.sample([shown], f"train/{step}")
        optimizer.zero_grad()
        captioner(sampled.batch).mean.backward()
        optimizer.step()
    after = sum(reached(f"after/{i}") for i in range(5)) / 5
    assert after > before * 1.2


def test_sampling_follows_its_seed() -> None:
    captioner = toy()
    sampler = SelfCriticalSampler(
        captioner, SelfCritical(n_samples=4, max_new_tokens=5), [(text,) for text in CAPTIONS]
    )
    first, same, other = (sampler.sample([micro_batch(captioner, 2)], seed)[0] for seed in ("a", "a", "b"))
    assert torch.equal(first.batch.token_ids, same.batch.token_ids)
    assert first.rewards == same.rewards
    assert first.rewards != other.rewards
    assert first.batch.weights is not None
    assert first.batch.weights.view(2, 4).sum(dim=1).abs().max() < 1e-3  # advantages over the other samples


def test_a_stand_in_counts_no_tokens() -> None:
    captioner = toy()
    sampler = SelfCriticalSampler(captioner, SelfCritical(), [(text,) for text in CAPTIONS])
    stand_in = MicroBatch(micro_batch(captioner).batch, 0, items=(0,), readings=(None,))
    assert sampler.sample([stand_in], "seed")[0].n_tokens == 0


def test_rewards() -> None:
    references = [("кот спит дома", "спит кот"), ("пёс бежит по лесу",)]
    for name, best in (("chrf2", 100.0), ("cider_d", 10.0)):
        found = Reward(name, references)(["Пёс бежит по лесу.", "кот", ""], [1, 1, 0])
        assert found[0] == pytest.approx(best, rel=0.01)
        assert best > found[1] >= found[2] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "set early_stop.metric to a score"),
        ({"text_only": True}, "text_only"),
        ({"objective": {"name": "scst", "n_samples": 1}}, "n_samples"),
        ({"objective": {"name": "scst", "reward": "bleu"}}, "chrf2"),
    ],
)
def test_mistakes(change: dict[str, Any], said: str) -> None:
    values = {"name": "s", "corpora": ["a"], "epochs": 1, "lr": 1e-3, "objective": {"name": "scst", "reward": "chrf"}}
    with pytest.raises(ConfigError, match=said):
        validate(StageConfig, values | change, where="test")
    fine = validate(StageConfig, values | {"early_stop": {"metric": "chrf"}}, where="test")
    assert fine.objective is not None
    assert fine.objective.reward == "chrf2"


def test_a_stage_of_it(settings: Callable[..., TrainConfig], tmp_path: Any) -> None:
    import csv

    from memecap.training.run import train

    stages = [
        {"name": "write", "corpora": ["second"], "epochs": 2, "lr": 0.01, "label_smoothing": 0.1},
        {
            "name": "reward", "corpora": ["second"], "epochs": 1, "batch_size": 5, "accumulate": 2, "lr": 1e-3,
            "objective": {"name": "scst", "n_samples": 3}, "early_stop": {"metric": "chrf2"},
        },
    ]  # fmt: skip
    out = train(settings(stages=stages, log_every=1), tmp_path / "out")
    rows = [row for row in csv.DictReader((out / "log.csv").read_text().splitlines()) if row["lr"]]
    assert [bool(row["train_reward"]) for row in rows] == [row["stage"] == "reward" for row in rows]
    assert [bool(row["train_loss"]) for row in rows] == [row["stage"] == "write" for row in rows]
