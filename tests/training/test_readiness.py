"""`memecap train --dry-run`: all that is missing at once, each with its command; and what it counts is what is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from memecap.core import manifest
from memecap.training.config import TrainConfig
from tests.training.outcomes import Run

ROOT = Path(__file__).parents[2]


def test_all_that_is_missing_is_said_at_once(dry: Run, tmp_path: Path) -> None:
    """The flagship on a machine that has nothing yet and no network."""
    code, out = dry(ROOT / "configs" / "train" / "clipcap_ruclip.yaml", "--set", f"data_folder={tmp_path / 'data'}")
    assert code == 74
    home = tmp_path / "data" / "corpora"
    for line in (
        "hf download ai-forever/ruclip-vit-base-patch32-384",
        "hf download ai-forever/rugpt3small_based_on_gpt2",
        f"memecap corpus build flickr30k SOURCE --out {home / 'flickr30k'} && "
        f"memecap translate {home / 'flickr30k'} --to {home / 'flickr30k_opus'}",
        f"memecap corpus build vizwiz SOURCE --out {home / 'vizwiz'} && "
        f"memecap translate {home / 'vizwiz'} --to {home / 'vizwiz_opus'}",
        f"memecap corpus build memes SOURCE --out {home / 'memes'} && memecap read {home / 'memes'}",
    ):
        assert line in out
    assert out.count("MISSING") == 5
    assert "GB free" in out


def test_a_model_in_the_folder_that_is_named(dry: Run, settings: Callable[..., TrainConfig], pictured: Path,
                                             tiny_models: Path) -> None:  # fmt: skip
    lstm = {"name": "lstm", "width": 8, "embeddings": {"width": 8}, "min_count": 1}
    lstm["encoder"] = {"name": "resnet", "model": str(tiny_models / "resnet")}
    stages = [{"name": "seen", "corpora": ["second"], "epochs": 1, "lr": 0.01}]
    code, out = dry(settings(captioner=lstm, stages=stages), "--json")
    assert code == 0
    found = {check["name"]: check for check in json.loads(out)}
    assert found[str(tiny_models / "resnet")]["found"] == "here"
    features = [check for check in json.loads(out) if "stored features" in check["found"]]
    assert [(check["name"], check["found"].split()[0]) for check in features] == [(str(pictured), "24")]
    assert "time" in found
    assert "memory" in found
    lstm["encoder"]["model"] = "./no/such/folder"
    code, out = dry(settings(captioner=lstm, stages=stages))
    assert code == 74
    assert "--set captioner.encoder.model=FOLDER" in out


def test_files_and_packages_that_settings_ask_for(dry: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = tmp_path / "navec_hudlit.tar"
    code, out = dry(
        ROOT / "configs" / "train" / "baseline_resnet101_navec.yaml",
        "--set", f"captioner.embeddings.navec_file={lost}",
    )  # fmt: skip
    assert code == 74
    assert str(lost) in out
    assert "no such navec file" in out
    monkeypatch.setattr("memecap.training.readiness.find_spec", lambda name: None)
    assert "pip install 'memecap[timm]'" in dry(ROOT / "configs" / "train" / "baseline_inception.yaml")[1]


def test_corpora_that_a_captioner_looks_things_up_in(dry: Run, tmp_path: Path) -> None:
    _, out = dry(
        ROOT / "configs" / "train" / "clipcap_retrieval.yaml", "--set", "captioner.retrieval.corpora=[data/corpora/old]"
    )
    assert "memecap corpus build KIND SOURCE --out data/corpora/old" in out


def test_readings_that_a_stage_demands(dry: Run, settings: Callable[..., TrainConfig], data_folder: Path) -> None:
    stages = [{"name": "read", "corpora": ["first", "second"], "epochs": 1, "lr": 0.01, "readings": True}]
    code, out = dry(settings(stages=stages))
    assert code == 65
    assert f"memecap read {data_folder / 'corpora' / 'first'}" in out
    assert out.count("MISSING") == 1


def test_a_corpus_without_pictures_for_a_captioner_that_looks(
    dry: Run, settings: Callable[..., TrainConfig], tiny_models: Path
) -> None:
    lstm = {"name": "lstm", "width": 8, "embeddings": {"width": 8}, "min_count": 1}
    lstm["encoder"] = {"name": "resnet", "model": str(tiny_models / "resnet")}
    code, out = dry(settings(captioner=lstm))
    assert code == 65
    assert "no train row with a picture" in out
    assert "--set images=FOLDER" in out


def test_what_stands_in_the_captioner_s_way(dry: Run, settings: Callable[..., TrainConfig], tmp_path: Path,
                                            pictured: Path) -> None:  # fmt: skip
    (tmp_path / "empty").mkdir()
    lstm = {"name": "lstm", "encoder": {"name": "resnet", "model": str(tmp_path / "empty")}}
    stages = [{"name": "seen", "corpora": ["second"], "epochs": 1, "lr": 0.01}]
    code, out = dry(settings(captioner=lstm, stages=stages))
    assert code in (65, 74)
    assert "MISSING" in out


def test_a_half_made_corpus(dry: Run, settings: Callable[..., TrainConfig], data_folder: Path) -> None:
    (data_folder / "corpora" / "first" / manifest.MANIFEST).unlink()
    code, out = dry(settings())
    assert code == 74
    assert "no finished corpus" in out


def test_a_folder_of_another_run(settings: Callable[..., TrainConfig], tmp_path: Path) -> None:
    from memecap.training import readiness
    from memecap.training.folder import RunFolder

    RunFolder(tmp_path / "other").claim(settings(seed=3))
    checks = readiness.check(settings(), tmp_path / "other")
    assert readiness.missing(checks) == 65
    assert "seed was 3, is 0" in checks[0].found
