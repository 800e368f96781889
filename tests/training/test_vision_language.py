"""A vision-language model goes through `memecap train` as every captioner: likelihood, reward; or with no stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from memecap.core import config
from memecap.errors import ConfigError
from memecap.inference.load import load_captioner
from memecap.training.config import TrainConfig
from memecap.training.run import train

TinyVLM = Callable[[str], Path]


def test_it_learns_and_is_rewarded(tiny_vlm: TinyVLM, tiny_models: Path, tmp_path: Path) -> None:
    corpora = [str(tiny_models / "corpus")]
    network = {"model": str(tiny_vlm("qwen3_vl")), "lora": {"rank": 2}}
    few_shot = {"corpora": corpora, "n_examples": 1}
    stages = [
        {"name": "likely", "corpora": corpora, "steps": 2, "batch_size": 2, "lr": 1e-3, "augment": True},
        {
            "name": "worthy", "corpora": corpora, "steps": 1, "batch_size": 2, "lr": 1e-3,
            "early_stop": {"metric": "chrf2"}, "objective": {"name": "scst", "n_samples": 2, "max_new_tokens": 4},
        },
    ]  # fmt: skip
    settings = {"captioner": {"name": "vlm", "network": network, "few_shot": few_shot}, "stages": stages}
    with pytest.raises(ConfigError, match="nothing was"):  # examples go by what was read
        train(config.validate(TrainConfig, settings, where="test"), tmp_path / "unread")
    del settings["captioner"]["few_shot"]  # type: ignore[attr-defined]
    run = train(config.validate(TrainConfig, settings, where="test"), tmp_path / "run")
    assert (run / "checkpoints" / "best" / "adapter" / "adapter_config.json").exists()
    assert load_captioner(run, reader=None, device="cpu").caption(Image.new("RGB", (40, 40))).text is not None


def test_no_stage_keeps_it_as_it_is(tiny_vlm: TinyVLM, tmp_path: Path) -> None:
    network = {"model": str(tiny_vlm("qwen3_vl")), "train": "frozen"}
    settings = {"captioner": {"name": "vlm", "network": network}, "stages": []}
    run = train(config.validate(TrainConfig, settings, where="test"), tmp_path / "run")
    assert train(config.validate(TrainConfig, settings, where="test"), run) == run
    assert load_captioner(run, reader=None, device="cpu").caption(Image.new("RGB", (40, 40))).text is not None
    with pytest.raises(ConfigError, match="describes nothing before it has learnt"):
        config.validate(TrainConfig, {"captioner": {"name": "reader_writer"}, "stages": []}, where="test")
