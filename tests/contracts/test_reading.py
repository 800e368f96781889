"""What every reader of the registry obeys."""

from __future__ import annotations

import pytest

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.reading.base import Line, Reader, Reading


@pytest.mark.parametrize("name", registry.names("reading"))
def test_a_reader_is_a_documented_part(name: str) -> None:
    part = registry.load("reading", name)
    assert issubclass(part, Reader)
    assert issubclass(part.Config, PartConfig)
    assert part.Config.model_fields["name"].default == name
    assert all(field.description for key, field in part.Config.model_fields.items() if key != "name")
    assert registry.summary("reading", name)


def test_a_reading_survives_json() -> None:
    reading = Reading((Line("кот", (1, 2, 3, 4), 0.5), Line("cat", (1, 5, 3, 8), 1.0, "en")), 10, 12, "test 1")
    assert Reading.from_json(reading.to_json()) == reading
    assert reading.text == "кот cat"
