"""What every part says of itself: its settings with their names and descriptions, and a line of what it is."""

from __future__ import annotations

import importlib

import pytest

from memecap.core import registry
from memecap.core.config import PartConfig

PARTS = [(family, name) for family in ("reading", "translation", "corpora") for name in registry.names(family)]


@pytest.mark.parametrize(("family", "name"), PARTS)
def test_a_part_is_documented(family: str, name: str) -> None:
    part = registry.load(family, name)
    assert issubclass(part, getattr(importlib.import_module(f"memecap.{family}.base"), registry.FAMILIES[family]))
    assert issubclass(part.Config, PartConfig)
    assert part.Config.model_fields["name"].default == name
    assert all(field.description for key, field in part.Config.model_fields.items() if key != "name")
    assert registry.summary(family, name)
