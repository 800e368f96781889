"""Our metrics as `evaluate.Metric`s, for `evaluate.combine` and trainers that want them; nothing is downloaded.

    import evaluate
    from memecap.scoring.hf_metrics import as_metric
    both = evaluate.combine([as_metric("chrf"), as_metric("meteor", preset="ru-punct")])
    both.compute(predictions=["кот сидит"], references=[["кот лежит"]])

Needs the extra `eval`.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from memecap.core import config
from memecap.metrics.base import Metric
from memecap.scoring.presets import Preset
from memecap.scoring.presets import preset as find_preset


def as_metric(name: str, *, preset: str = "ru-words", **settings: Any) -> evaluate.Metric:
    """A metric by name, its texts prepared as a preset prepares them; `settings` are those of its `Config`.

    Raises:
        UnknownPartError, UsageError: no such metric, no such preset.
    """
    return _Wrapped(config.build("metrics", {"name": name, **settings}), find_preset(preset), f"{preset}-{name}")


class _Wrapped(evaluate.Metric):  # type: ignore[misc]
    def __init__(self, ours: Metric, protocol: Preset, name: str) -> None:
        self.ours, self.protocol = ours, protocol
        super().__init__(config_name=name, experiment_id=f"{name}-{id(ours)}")

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        signature = f"{self.protocol.name}[{self.protocol.text}] {self.ours.signature}"
        return evaluate.MetricInfo(
            description=self.ours.__doc__ or "", citation="", features=features, inputs_description=signature
        )

    def _compute(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        view = self.ours.config.view
        hypotheses = [self.protocol.prepare(text, view) for text in predictions]
        rows = [[self.protocol.prepare(text, view) for text in row] for row in references]
        totals = self.ours.statistics(hypotheses, rows).sum(axis=0)
        return {name: float(value) for name, value in self.ours.scores(totals).items()}
