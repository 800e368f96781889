"""A metric is one file: in the family's folder or in a module of one's own, it stands wherever metrics stand."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

import memecap.metrics
from memecap.core import config, registry, storage
from memecap.errors import ConfigError
from memecap.report.evaluation import write_report
from memecap.scoring import tables
from memecap.scoring.compare import CAPTIONER, FLOOR, System, rank, read_systems
from memecap.scoring.predictions import Prediction
from memecap.training.config import TrainConfig
from memecap.training.journal import draw_curves
from memecap.training.validation import measure

FILE = '''"""Wordy: the share of captions of more than eight letters."""

from memecap.metrics.base import Metric, Quantity, ratio


class Wordy(Metric):
    quantities = (
        Quantity(name="wordy", label="Wordy", label_ru="Многословных", direction="lower", unit=100, decimals=2),
        Quantity(name="terse", label="Terse", label_ru="Кратких", places=()),
    )
    signature = "wordy|v1"

    def row(self, hypothesis, references):
        return len(hypothesis) > 8, 1

    def scores(self, totals):
        share = ratio(totals[..., 0], totals[..., 1])
        return {"wordy": 100 * share, "terse": 1 - share}
'''


@pytest.fixture(params=["in the folder", "by a dotted path"])
def name(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The metric's name; its file lies among ours, or in a package of somebody else's."""
    folder = tmp_path / "folder"
    folder.mkdir()
    if request.param == "by a dotted path":
        (folder / "theirs").mkdir()
        (folder / "theirs" / "wordy.py").write_text(FILE, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        for module in ("theirs", "theirs.wordy"):
            monkeypatch.delitem(sys.modules, module, raising=False)
        return "theirs.wordy"
    (folder / "wordy.py").write_text(FILE, encoding="utf-8")
    for path in Path(memecap.metrics.__path__[0]).glob("*.py"):
        (folder / path.name).symlink_to(path)
    find = registry._folder
    monkeypatch.setattr(registry, "_folder", lambda family: folder if family == "metrics" else find(family))
    monkeypatch.setattr(memecap.metrics, "__path__", [*memecap.metrics.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, "memecap.metrics.wordy", raising=False)
    return "wordy"


def systems(folder: Path) -> list[System]:
    said = {CAPTIONER: ["кот сидит", "да", "ой"], FLOOR: ["кот сидит дома", "кот лежит", "нет"]}
    return [
        System(kind, kind, [_row(number, text) for number, text in enumerate(captions)], folder)
        for kind, captions in said.items()
    ]


def _row(number: int, caption: str) -> Prediction:
    return Prediction(str(number), caption, ("кот сидит на столе",), {"file_name": f"{number}.png"})


def test_in_tables_beside_ours_and_in_stored_ones(name: str, tmp_path: Path) -> None:
    found = rank(systems(tmp_path), more=[{"name": name}], resamples=100)
    assert ("quantities" in found[0]) == ("." in name)  # a table keeps what nobody could find by its names
    for records in (found, json.loads(json.dumps(found))):
        head, ours, floor, *_ = tables.render(records).splitlines()
        assert head.split()[-1] == "wordy"  # and terse only where all is asked for
        assert (ours.split()[-1], floor.split()[-1]) == ("33.33", "66.67≈")
        assert "| wordy |" in tables.render(records, "markdown").splitlines()[0]
        assert tables.render(records, "markdown", every=True).splitlines()[0].endswith("| wordy | terse |")
        header = next(csv.reader(io.StringIO(tables.render(records, "csv"))))
        assert {"wordy", "wordy_low", "wordy_p"} <= set(header)


def test_on_the_page_of_the_report(name: str, tmp_path: Path) -> None:
    images = tmp_path / "corpus" / "val"
    images.mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (8, 8)).save(images / f"{number}.png")
    folder = tmp_path / "evaluation"
    captioner, floor = systems(images)
    storage.write_jsonl(folder / "captions.jsonl", (row.to_json() for row in captioner.rows))
    storage.write_jsonl(folder / "floors" / "constant.jsonl", (row.to_json() for row in floor.rows))
    settings = {"model": "m", "corpus": str(tmp_path / "corpus"), "split": "val", "seed": 0}
    decoding = {"name": "greedy", "max_new_tokens": 96}
    storage.write_json(folder / "evaluation.json", {**settings, "decoding": decoding})
    storage.write_json(folder / "scores.json", rank(read_systems(folder), more=[{"name": name}], resamples=100))
    page = write_report(folder).read_text(encoding="utf-8")
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    shown = data["tables"][0]["quantities"]["wordy"]
    told = {"name": "wordy", "label": "Wordy", "label_ru": "Многословных", "direction": "lower", "unit": 100}
    assert shown == {**told, "decimals": 2, "places": ["table", "epoch", "curve"]}
    assert data["tables"][0]["systems"][0]["scores"]["wordy"] == pytest.approx(100 / 3)


def settings(name: str, metric: str) -> TrainConfig:
    return config.validate(
        TrainConfig,
        {
            "captioner": {"name": "template"},
            "val_metrics": [{"name": name}],
            "stages": [{"name": "a", "corpora": ["c"], "epochs": 1, "lr": 1, "early_stop": {"metric": metric}}],
        },
        where="test",
    )


def test_in_the_log_the_curves_and_early_stop(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = settings(name, "wordy")
    assert settings(name, name).stages[0].early_stop.metric == "wordy"  # its file's name will do
    assert next(iter(run.quantities)) == "chrf2" and run.quantities["wordy"].direction == "lower"
    scores = measure(["кот сидит", "да"], [["кот"], ["кот"]], run.val_metrics)
    assert (scores["val_wordy"], scores["val_terse"]) == (50, 0.5)

    from matplotlib.axes import Axes

    drawn: dict[str, list[float]] = {}
    monkeypatch.setattr(Axes, "plot", lambda axes, *values, **style: drawn.update({style["label"]: list(values[1])}))
    log = [{"stage": "a", "step": k, "val_wordy": 10.0 * k, "val_terse": 1.0, "val_chrf2": 40.0} for k in (1, 2)]
    draw_curves(tmp_path / "curves.png", log, run.quantities)
    assert drawn == {"chrF2": [40, 40], "Wordy": [10, 20]}


def test_a_score_that_is_not_measured_or_has_no_direction_stops_nothing(name: str) -> None:
    with pytest.raises(ConfigError, match=r"rouge_l is not measured after each epoch; there are: loss, chrf2, .*wordy"):
        settings(name, "rouge")
    with pytest.raises(ConfigError, match="length_ratio is not measured"):
        settings(name, "length_ratio")
