"""What the documents and scripts/reproduce.sh tell a reader to type exists: commands, options, files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import typer

from memecap.cli import app
from memecap.cli import verbs as _verbs

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    "README.md", "README.ru.md", "BENCHMARKS.md", "RELIABILITY.md", "CONTRIBUTING.md", "scripts/reproduce.sh",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]  # fmt: skip


def commands(document: str) -> list[str]:
    """The memecap commands of a script, or of a Markdown file's shell blocks and `spans`."""
    text = (ROOT / document).read_text(encoding="utf-8")
    if document.endswith(".md"):
        blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
        spans = re.findall(r"`(memecap [^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        text = "\n".join([*blocks, *(span for span in spans if not set(span) & set("…<|"))])
    text = text.replace("\\\n", " ").replace("$TRAIN ", "memecap train ")
    lines = [line.strip().removeprefix("most ").removeprefix(".venv/bin/") for line in text.splitlines()]
    return [line.split(" | ")[0].split(" > ")[0] for line in lines if line.startswith("memecap ")]


CASES = [pytest.param(line, id=f"{document}: {line}") for document in DOCUMENTS for line in commands(document)]


@pytest.mark.parametrize("line", CASES)
def test_each_command_parses(line: str) -> None:
    assert _verbs
    command: click.Command = typer.main.get_command(app)
    rest = shlex.split(line, comments=True)[1:]
    while isinstance(command, click.Group) and rest:
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"no command {rest[0]}"
        command, rest = found, rest[1:]
    names_only = not rest  # `memecap train` in a sentence
    command.make_context("memecap", rest, resilient_parsing=names_only)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_named_file_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for path in set(re.findall(r"(?:configs|scripts|tests)/[\w/]+\.(?:yaml|py|sh)", text)):
        assert (ROOT / path).exists(), path
