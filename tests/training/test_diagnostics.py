"""Signs of collapse are said, and a healthy captioner is left in peace."""

from __future__ import annotations

import pytest

from memecap.modeling.outputs import Caption
from memecap.training.datasets import Item
from memecap.training.diagnostics import alarms, signs
from memecap.training.stage import Captioned

HEALTHY = [f"на фото {i} кот и «слово {i}»" for i in range(20)]


def captioned(texts: list[str], *, finished: bool = True) -> list[Captioned]:
    return [Captioned(Item("x", ("y",), None, None), None, Caption(text, finished=finished)) for text in texts]


def test_a_healthy_captioner() -> None:
    assert alarms({"val_loss": 2.0, "val_gap": 0.3}, captioned(HEALTHY)) == []
    assert alarms({}, captioned(["одно"] * 3)) == []
    assert signs(captioned(HEALTHY)) == {"val_distinct": 1.0, "val_looped": 0.0, "val_finished": 1.0}


@pytest.mark.parametrize(
    ("texts", "finished", "gap", "said"),
    [
        (["кот спит"] * 18 + ["пёс", "лес"], True, 0.3, "15% of its captions differ; the commonest: кот спит"),
        (HEALTHY, False, 0.3, "0% of its captions reach their end"),
        ([f"{text} раз два три раз два три раз два три" for text in HEALTHY], True, 0.3, "100% of its captions repeat"),
        (HEALTHY, True, 0.001, "does not look"),
    ],
)
def test_signs(texts: list[str], finished: bool, gap: float, said: str) -> None:
    (alarm,) = alarms({"val_loss": 2.0, "val_gap": gap}, captioned(texts, finished=finished))
    assert said in alarm
