"""What every translator of the registry obeys."""

from __future__ import annotations

import pytest

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.translation.base import Translator


@pytest.mark.parametrize("name", registry.names("translation"))
def test_a_translator_is_a_documented_part(name: str) -> None:
    part = registry.load("translation", name)
    assert issubclass(part, Translator)
    assert issubclass(part.Config, PartConfig)
    assert part.Config.model_fields["name"].default == name
    assert all(field.description for key, field in part.Config.model_fields.items() if key != "name")
    assert registry.summary("translation", name)
