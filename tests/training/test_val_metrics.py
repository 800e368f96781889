"""Metrics asked for by epoch: measured on its captions, kept in the log, drawn; refused before training."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from memecap.errors import ConfigError, MemecapError
from memecap.training.config import TrainConfig
from memecap.training.run import train

Settings = Callable[..., TrainConfig]
SEEN = [{"name": "one", "corpora": ["second"], "epochs": 2, "lr": 0.01}]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers that knows letters."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("bert")
    letters = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt"), do_lower_case=False, model_max_length=30).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(tokens), max_position_embeddings=32, **shape)).save_pretrained(folder)
    return folder


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["val_loss"]]


def test_bertscore_after_each_epoch(settings: Settings, bert: Path, tmp_path: Path) -> None:
    from memecap.core import storage
    from memecap.metrics.bertscore import Bertscore, BertscoreConfig

    metric = {"name": "bertscore", "model": str(bert), "layer": 2}
    folder = train(settings(stages=SEEN, val_metrics=[metric], samples=8), tmp_path / "run")
    rows = log(folder)
    assert len(rows) == 2
    # The val split has four rows and each is a sample: the same captions, measured apart.
    samples = list(storage.read_jsonl(folder / "samples.jsonl"))
    for number, row in enumerate(rows):
        said = samples[4 * number : 4 * number + 4]
        own = Bertscore(BertscoreConfig(model=str(bert), layer=2)).statistics(
            [one["caption"] for one in said], [[one["reference"]] for one in said]
        )
        assert float(row["val_bertscore"]) == pytest.approx(own[:, 2].mean(), abs=1e-5)
        assert float(row["val_bertscore_recall"]) == pytest.approx(own[:, 1].mean(), abs=1e-5)
    plain = train(settings(stages=SEEN, samples=8), tmp_path / "plain")
    assert "val_bertscore" not in log(plain)[0]
    assert [row["val_loss"] for row in log(plain)] == [row["val_loss"] for row in rows]  # asking changes no weight


def test_what_cannot_be_measured_is_said_before_training(settings: Settings, tmp_path: Path) -> None:
    lost = {"name": "bertscore", "model": str(tmp_path / "lost")}
    with pytest.raises(MemecapError, match="no such model folder"):
        train(settings(stages=SEEN, val_metrics=[lost]), tmp_path / "run")
    assert not (tmp_path / "run" / "log.csv").exists()
    with pytest.raises(ConfigError, match="measured after each epoch anyway"):
        settings(val_metrics=["chrf"])
    with pytest.raises(ConfigError, match="looks at pictures"):
        settings(val_metrics=["clipscore"])
