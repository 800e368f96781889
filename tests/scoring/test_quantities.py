"""What a score is called and how it is written, found from a table that keeps names and numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from memecap.errors import ConfigError
from memecap.metrics.base import Quantity
from memecap.scoring.presets import PRESETS
from memecap.scoring.quantities import name_of, of_epoch, of_table
from memecap.scoring.score import measure


def table(*names: str, preset: str = "ru-words", **more: Any) -> list[dict[str, Any]]:
    return [{"signature": f"{preset}[…] bleu", "scores": dict.fromkeys(names, 1.0), **more}]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_score_of_a_preset_is_known(preset: str) -> None:
    measured = measure(["кот «да»"], [["кот «да»"]], preset, every=True, training=["пёс"])
    found = of_table(table(*measured.scores, preset=preset))
    assert found.keys() == measured.scores.keys()
    assert all(one.label for one in found.values())
    perfect = {name: value for name, value in measured.scores.items() if name.startswith(("bleu1", "chrf", "quoted_r"))}
    assert perfect == pytest.approx({name: found[name].unit for name in perfect})


def test_the_preset_in_the_signature_tells_the_unit() -> None:
    assert (of_table(table("bleu4"))["bleu4"].unit, of_table(table("bleu4"))["bleu4"].decimals) == (100, 1)
    assert of_table(table("bleu4", preset="nltk-seed"))["bleu4"].decimals == 3
    assert of_table([{"scores": {"bleu4": 1}}])["bleu4"].decimals == 1  # a table that does not say so is ours


def test_other_metrics_of_the_family_and_scores_of_nobody_are_shown_too() -> None:
    found = of_table(table("retired", "chrf2", "clip_truncated"))
    assert set(found) == {"chrf2", "clip_truncated", "retired"}
    assert found["clip_truncated"].direction == "neither"
    assert found["retired"] == Quantity(name="retired", label="retired")


def test_a_scene_is_called_so_and_stays_out_of_short_tables() -> None:
    one = of_table(table("scene_chrf2"))["scene_chrf2"]
    assert (one.label_ru, one.decimals, one.places) == ("Сцена: chrF2", 1, ())


def test_what_a_table_tells_wrongly_is_said() -> None:
    with pytest.raises(ConfigError, match="direction"):
        of_table(table("odd", quantities={"odd": {"name": "odd", "label": "", "direction": "sideways"}}))


def test_an_epoch_begins_with_the_headline() -> None:
    assert list(of_epoch()) == ["chrf2", "bleu4", "meteor", "quoted_recall", "quoted_precision"]
    assert list(of_epoch([{"name": "rouge"}]))[-1] == "rouge_l"


@pytest.mark.parametrize(
    ("metric", "score"), [("chrf", "chrf2"), ("bleu", "bleu4"), ("cider", "cider_d"), ("loss", "loss")]
)
def test_a_metric_stands_for_its_score(metric: str, score: str) -> None:
    assert name_of(metric) == score


@pytest.mark.parametrize(("metric", "judged"), [("loss", -2.0), ("chrf2", 2.0), ("quoted_cer", -2.0)])
def test_training_keeps_the_epoch_with_the_better_score(metric: str, judged: float) -> None:
    from memecap.training.loop import _judge

    described = {
        "chrf2": Quantity(name="chrf2", label="chrF2"),
        "quoted_cer": Quantity(name="quoted_cer", label="CER", direction="lower"),
    }
    stage = SimpleNamespace(early_stop=SimpleNamespace(metric=metric))
    run: Any = SimpleNamespace(stage=stage, config=SimpleNamespace(quantities=described))
    assert _judge({f"val_{metric}": 2.0}, run) == judged
    assert _judge({}, run) is None
