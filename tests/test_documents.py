"""What the documents and scripts/reproduce.sh tell a reader to type exists: commands, options, files."""

from __future__ import annotations

import argparse
import contextlib
import re
import runpy
import shlex
from pathlib import Path
from typing import NoReturn

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
    with contextlib.suppress(typer.Exit):  # --help, --version
        command.make_context("memecap", rest, resilient_parsing=names_only)


def benchmarks(document: str) -> list[str]:
    """What a document tells to run of scripts/bench, with its arguments."""
    text = (ROOT / document).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split("`")[0] for line in re.findall(r"python (scripts/bench/\w+\.py[^\n]*)", text)]


class Parsed(Exception):
    """The arguments are understood."""


MEASURED = [pytest.param(line, id=line) for line in sorted({line for name in DOCUMENTS for line in benchmarks(name)})]


@pytest.mark.parametrize("line", MEASURED)
def test_each_benchmark_parses(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        parse(parser, *rest)  # type: ignore[arg-type]
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    path, *words = shlex.split(line)
    assert "parse_args" in (ROOT / path).read_text(encoding="utf-8") or not words
    monkeypatch.setattr("sys.argv", [path, *words])
    monkeypatch.syspath_prepend(str((ROOT / path).parent))
    if "parse_args" in (ROOT / path).read_text(encoding="utf-8"):
        with pytest.raises(Parsed):
            runpy.run_path(str(ROOT / path), run_name="__main__")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_named_file_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for path in set(re.findall(r"(?:configs|scripts|tests)/[\w/]+\.(?:yaml|py|sh)", text)):
        assert (ROOT / path).exists(), path
