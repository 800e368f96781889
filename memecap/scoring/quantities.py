"""The `Quantity` of each score: what it is called, which way is better, how it is written, and where it stands.

A table of scores keeps names and numbers. What they are is told by the metrics of the preset that its signature names,
then by any metric of the family; what neither tells (a metric of somebody else's module) the table keeps itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from memecap.core import config, registry
from memecap.metrics.base import Metric, Quantity, quantities
from memecap.scoring.presets import DEFAULT, PRESETS, Part

Record = Mapping[str, Any]
Quantities = dict[str, Quantity]


def of_table(records: Sequence[Record]) -> Quantities:
    """Of each score of a table, in the order of a short table's columns.

    Raises:
        ConfigError: what the table itself keeps of a score is not a `Quantity`.
    """
    names = records[0]["scores"]
    told = records[0].get("quantities", {})
    known = _of_preset(str(records[0].get("signature", "")).partition("[")[0])
    known = known | {name: config.validate(Quantity, told[name], where=f"scores of {name}") for name in told}
    if names.keys() - known.keys():
        known = _of_parts([{"name": name} for name in registry.names("metrics")]) | known
    return {name: known[name] for name in known if name in names} | {
        name: Quantity(name=name, label=name) for name in names if name not in known
    }


def untold(record: Record, metrics: Sequence[Metric]) -> dict[str, Any]:
    """What a table of these metrics has to keep of its scores, since their names do not tell it."""
    found, measured = of_table([record]), quantities(metrics)
    return {name: measured[name].model_dump(mode="json") for name in found if measured[name] != found[name]}


def of_epoch(more: Sequence[Part | config.PartConfig] = ()) -> Quantities:
    """Of what is scored after each epoch of training: the headline, the preset's others, those of further metrics."""
    own = [one for one in _of_parts(PRESETS[DEFAULT].main).values() if "epoch" in one.places]
    own.sort(key=lambda one: "headline" not in one.places)
    return {one.name: one for one in own} | _of_parts(more)


def name_of(metric: str) -> str:
    """The score that stands for a metric, given by its file's name or dotted path; any other name is a score's."""
    if metric not in registry.names("metrics") and "." not in metric.strip("."):
        return metric
    found = list(_of_parts([{"name": metric}]).values())
    return next((one.name for one in found if "epoch" in one.places), found[0].name)


@lru_cache(maxsize=8)
def _of_preset(name: str) -> Quantities:
    preset = PRESETS.get(name, PRESETS[DEFAULT])
    return _of_parts([*preset.main, *preset.more])


def _of_parts(parts: Sequence[Part | config.PartConfig]) -> Quantities:
    return quantities([config.build("metrics", part) for part in parts])
