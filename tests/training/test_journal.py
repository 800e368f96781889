"""What an epoch leaves for people: rows, samples, a line at the terminal, curves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from memecap.modeling.outputs import Caption
from memecap.scoring.quantities import of_epoch
from memecap.training.config import TrainConfig
from memecap.training.datasets import Item
from memecap.training.folder import RunFolder
from memecap.training.journal import Journal, draw_curves
from memecap.training.progress import Progress
from memecap.training.stage import Captioned, Epoch


def test_an_epoch_is_noted_and_told(
    settings: Callable[..., TrainConfig], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [Captioned(Item(name, ("кот спит",), None, None), None, Caption("кот", finished=True)) for name in "абв"]
    folder, progress = RunFolder(tmp_path), Progress(epoch=2, total_steps=7)
    journal = Journal(folder, settings(samples=2))
    journal.note_epoch(progress, "memes", Epoch(True, {"val_loss": 2.5, "val_gap": 0.0}, said))
    journal.write(progress)
    (row,) = progress.log
    assert (row["stage"], row["epoch"], row["step"], row["best"]) == ("memes", 2, 7, 1)
    assert [sample["image_id"] for sample in progress.samples] == ["а", "б"]
    assert progress.samples[0]["reference"] == "кот спит"
    told = capsys.readouterr().err
    assert "memes, epoch 2, step 7: val_loss 2.5, val_gap 0  ← best" in told
    assert "warning: told about another row" in told
    journal.close(progress)
    assert folder.curves.stat().st_size > 1000


def test_the_curve_of_a_further_metric(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn: dict[str, list[float]] = {}
    plot = Axes.plot

    def spy(axes: Axes, *values: Any, **style: Any) -> Any:
        drawn[style["label"]] = list(values[1])
        return plot(axes, *values, **style)

    monkeypatch.setattr(Axes, "plot", spy)
    log = [{"stage": "a", "step": k, "val_bertscore": k / 10} for k in (5, 7)]
    draw_curves(tmp_path / "curves.png", log, of_epoch([{"name": "bertscore"}]))
    assert drawn == {"BERTScore": [50.0, 70.0]}
