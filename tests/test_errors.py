"""The tree of errors is the one its docstring draws, and each says what, where and how to put it right."""

from __future__ import annotations

import re

import pytest

from memecap import errors
from memecap.errors import MemecapError

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MemecapError)]


def test_the_drawing_is_true() -> None:
    drawn = re.findall(r"^ *[│├└─ ]*(\w+Error) +(?:exit )?(\d+)", errors.__doc__ or "", re.MULTILINE)
    assert {name: int(code) for name, code in drawn} == {kind.__name__: kind.exit_code for kind in CLASSES}


@pytest.mark.parametrize("kind", CLASSES)
def test_the_message(kind: type[MemecapError]) -> None:
    error = kind("no such file", where="a.yaml", fix="Check the path.")
    assert str(error).splitlines() == ["no such file", "  where: a.yaml", "  fix:   Check the path."]
    assert str(kind("what")) == "what"
