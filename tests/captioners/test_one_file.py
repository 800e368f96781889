"""A captioner is one file: a chain of words, written here, is trained, evaluated and asked for captions by its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import manifest
from memecap.core.manifest import Row

CHAIN = '''
"""Each word from the word before it."""

import torch
from torch import nn

from memecap.captioners.base import TrainableCaptioner
from memecap.core.config import PartConfig
from memecap.decoding.engines.candidates import in_order
from memecap.modeling.batch import Example
from memecap.modeling.eval_mode import evaluating
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import cut
from memecap.text.words import Words


class Chain(TrainableCaptioner):
    class Config(PartConfig):
        name: str = "ours.chain"

    def __init__(self, config, words):
        super().__init__()
        self.config, self._words = config, words
        self.next = nn.Embedding(words.size, words.size)

    @classmethod
    def from_texts(cls, config, texts):
        return cls(config, Words.learn(texts))

    @classmethod
    def from_folder(cls, config, folder):
        return cls(config, Words.from_folder(folder))

    @property
    def tokenizer(self):
        return self._words

    def example(self, caption, *, image=None, reading=None):
        return Example([*self._words.encode(caption), self._words.end_id])

    def forward(self, batch):
        before = torch.cat([torch.zeros_like(batch.token_ids[:, :1]), batch.token_ids[:, :-1]], dim=1)
        there = batch.token_mask
        return token_loss(batch, self.next(before)[there], batch.token_ids[there], there.nonzero()[:, 0])

    def generate(self, images, readings, search):
        with evaluating(self):
            first = self.next(torch.zeros(len(readings), dtype=torch.long, device=self.device))
            ids, scores = search.decode(first, (), lambda ids, state: (self.next(ids), state), end_id=0)
            rows = [cut(row, 0) for row in ids]
            return in_order(rows, scores.tolist(), readings, lambda ids, reading: (self._words.decode(ids), ()))
'''


def test_it_is_trained_evaluated_and_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "chain.py").write_text(CHAIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    corpus, recipe, model, out = (tmp_path / name for name in ("corpus", "recipe.yaml", "run", "scores"))
    write_corpus(corpus)
    stage = {"name": "only", "corpora": [str(corpus)], "epochs": 40, "lr": 0.1, "batch_size": 6}
    recipe.write_text(yaml.safe_dump({"captioner": {"name": "ours.chain"}, "stages": [stage]}), encoding="utf-8")
    run("train", recipe, "--out", model)
    assert len(run("evaluate", model, corpus, "--out", out, "--trust-code", "--no-report", "--json").splitlines()) > 1
    shown = run(
        "caption", corpus / "val" / "images" / "0.png", "--model", model, "--trust-code", "--reader", "none", "--json"
    )
    assert json.loads(shown)["caption"] == "Рыжий кот спит."


def write_corpus(folder: Path) -> None:
    rows = []
    for i in range(12):
        split = "val" if i % 4 == 0 else "train"
        picture = folder / split / "images" / f"{i}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (20 * i, 0, 0)).save(picture)
        shared = {"image_id": str(i), "group_id": str(i), "corpus": "cats", "split": split}
        rows.append(Row(captions=("рыжий кот спит.",), file_name=f"images/{i}.png", **shared))
    manifest.finish(folder, "cats", manifest.write_rows(folder, rows))


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.stdout
