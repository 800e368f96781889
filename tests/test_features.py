"""docs/features.md tells of commands and tests that there are, and of every row one."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from memecap.cli import app
from memecap.cli import verbs as _verbs  # (each verb adds itself)
from tests.test_documents import DOCUMENTS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and "::test_" in line
]


def test_there_are_forty_rows() -> None:
    assert len(ROWS) == 40 and all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_tests_of_a_row_are_there(row: list[str]) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_row_\w+)`", row[2])
    assert named
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, path


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_command_of_a_row_parses(row: list[str]) -> None:
    assert _verbs
    for line in re.findall(r"`([^`]+)`", row[1]):
        if line.startswith("memecap."):
            compile(line, row[0], "eval")
            continue
        command: Any = typer.main.get_command(app)
        rest = shlex.split(line)[1:]
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            command, rest = command.commands[rest[0]], rest[1:]
        flags = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)} | {"--help"}
        assert {word for word in rest if word.startswith("-")} <= flags, line


def test_row_runnable_docs() -> None:
    """The documents' commands are held by tests of their own, this table among them."""
    assert {"README.md", "README.ru.md", "docs/features.md"} <= set(DOCUMENTS)
