"""Every metric as an `evaluate.Metric`: the numbers of `scoring`, alone, added row by row, combined, offline."""

from __future__ import annotations

import pytest
from PIL import Image

from memecap.core import config, registry
from memecap.scoring import score as scoring

evaluate = pytest.importorskip("evaluate", reason="the extra `eval` is not installed")
as_metric = pytest.importorskip("memecap.scoring.hf_metrics", reason="the extra `eval` is not installed").as_metric

PREDICTIONS = ["надпись: «Кот и пёс»", "кот сидит на столе.", "на фото Ёж"]
REFERENCES = [['Надпись: "Кот и Пёс"'], ["Кот сидит на диване!", "кот на столе"], ["на фото ёжик"]]
NEEDS_A_MODEL, IN_NO_PRESET = {"bertscore", "clipscore"}, {"alt"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path)


@pytest.mark.parametrize("name", sorted(set(registry.names("metrics")) - NEEDS_A_MODEL - IN_NO_PRESET))
def test_a_metric_gives_the_scores_of_its_preset(name):
    metric = as_metric(name)
    assert isinstance(metric, evaluate.Metric)
    assert metric.inputs_description.startswith("ru-words[")
    expected = scoring.measure(PREDICTIONS, REFERENCES, every=True).scores
    found = metric.compute(predictions=PREDICTIONS, references=REFERENCES)
    assert found
    assert found == pytest.approx({key: expected[key] for key in found})


def test_rows_can_be_added_one_by_one():
    metric = as_metric("chrf")
    for prediction, references in zip(PREDICTIONS, REFERENCES, strict=True):
        metric.add(prediction=prediction, reference=references)
    assert metric.compute() == pytest.approx(as_metric("chrf").compute(predictions=PREDICTIONS, references=REFERENCES))


def test_metrics_combine_offline():
    parts = ["bleu", "meteor", "chrf", "cider", "rouge", "quotes", "collapse"]
    both = evaluate.combine([as_metric(name) for name in parts])
    expected = scoring.measure(PREDICTIONS, REFERENCES, every=True).scores
    found = both.compute(predictions=PREDICTIONS, references=REFERENCES)
    assert found == pytest.approx({key: expected[key] for key in found})
    assert {"bleu4", "meteor", "chrf2", "cider_d", "rouge_l", "quoted_recall", "distinct1"} <= found.keys()


def test_a_preset_and_settings_are_chosen():
    found = as_metric("bleu", preset="nltk-seed", like="nltk").compute(predictions=["а б"], references=[["а б"]])
    assert found["bleu2"] == pytest.approx(1)


def test_metrics_that_look_take_pictures(tiny_models, tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(3)]
    for number, path in enumerate(paths):
        Image.new("RGB", (40, 40), (80 * number, 20, 20)).save(path)
    settings = {"model": str(tiny_models / "ruclip"), "pictures": paths}
    both = evaluate.combine([as_metric("chrf"), as_metric("clipscore", **settings)])
    found = both.compute(predictions=PREDICTIONS, references=REFERENCES)
    metric = config.build("metrics", {"name": "clipscore", **settings})
    direct = metric.scores(metric.statistics(PREDICTIONS, REFERENCES).sum(axis=0))
    assert found["clipscore"] == pytest.approx(float(direct["clipscore"]))
