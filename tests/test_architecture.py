"""The plan of the house, read from the sources: what may lie where, what may import what, how long things may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from memecap.core.registry import FAMILIES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "memecap"
FILES = sorted(PACKAGE.rglob("*.py"))
MAX_FILE, MAX_FUNCTION, MAX_BRANCHES = 250, 60, 12
BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case)


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path) for path in FILES}


def imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Each module of ours that a file imports, its line, and whether it does so when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {id(inner) for node in ast.walk(tree) if _waits(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in inner]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "memecap":
                yield name, node.lineno, id(node) not in late


def _waits(node: ast.AST) -> bool:
    """A function's body, and what stands under TYPE_CHECKING, are not run at import."""
    typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    return typing or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def test_the_top_holds_rooms_and_little_else() -> None:
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "errors.py", "py.typed"}


def test_every_room_has_its_place_in_the_layers() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r'containers = \["memecap"\]\nexhaustive = true\nlayers = \[(.*?)\]', text, re.DOTALL)
    assert layers
    named = set(re.findall(r"\w+", layers[1]))
    assert named == {path.name.removesuffix(".py") for path in PACKAGE.iterdir()} - {
        "__init__",
        "__pycache__",
        "py.typed",
        "py",
    }


def test_no_room_is_for_whatever_is_left() -> None:
    vague = {"utils", "util", "common", "helpers", "misc", "manager"}
    assert not [path for path in PACKAGE.rglob("*") if path.stem in vague]


def test_every_package_says_what_it_is_for() -> None:
    silent = []
    for path in PACKAGE.rglob("__init__.py"):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if len(said.split()) < 3:
            silent.append(str(path.relative_to(ROOT)))
    assert not silent


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_holds_its_base_and_its_parts(family: str) -> None:
    """Machinery stands in folders; a plain module is a part, and `registry` lists it as one."""
    names = [path.stem for path in (PACKAGE / family).glob("*.py")]
    assert "base" in names
    assert not [name for name in names if name.startswith("_") and name != "__init__"]


def test_nobody_takes_what_another_package_keeps_to_itself() -> None:
    taken = []
    for path in [*FILES, *sorted((ROOT / "scripts").rglob("*.py"))]:
        own = module(path).rpartition(".")[0] if path.is_relative_to(PACKAGE) else "scripts"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "memecap":
                source = node.module or ""
                home = (
                    source
                    if source not in MODULES or (ROOT / source.replace(".", "/")).is_dir()
                    else source.rpartition(".")[0]
                )
                private = [alias.name for alias in node.names if re.match(r"_(?!_)", alias.name)]
                private += [part for part in source.split(".") if re.match(r"_(?!_)", part)]
                if private and home != own:
                    taken.append(f"{path.relative_to(ROOT)}:{node.lineno}: {private} of {source}")
    assert not taken


def test_no_circle_of_modules() -> None:
    """Of what is imported when a module is imported."""
    graph = {module(path): {name for name, _, now in imports(path) if now and name in MODULES} for path in FILES}
    assert not circle(graph)


def test_no_circle_of_rooms() -> None:
    """Also by imports that wait inside a function, but for the two that `memecap demo` needs of the command line."""
    graph: dict[str, set[str]] = {}
    for path in FILES:
        for name, _, _ in imports(path):
            here, there = room(module(path)), room(name)
            if here and there and here != there and (here, there) != ("demo", "cli"):
                graph.setdefault(here, set()).add(there)
    assert not circle(graph)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle, or nothing: what never loses its last arrow when leaves are taken away."""
    left = {name: set(others) for name, others in graph.items()}
    while leaves := [name for name in left if not left[name] & left.keys()]:
        for name in leaves:
            del left[name]
    if not left:
        return []
    path = [sorted(left)[0]]
    while path.count(path[-1]) < 2:
        path.append(sorted(left[path[-1]] & left.keys())[0])
    return path[path.index(path[-1]) :]


def test_files_are_short() -> None:
    long = {module(path): n for path in FILES if (n := path.read_text(encoding="utf-8").count("\n")) > MAX_FILE}
    assert not long


def test_functions_are_short_and_straight() -> None:
    found = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
                n_branches = sum(isinstance(inner, BRANCHES) for inner in ast.walk(node))
                n_branches += sum(len(inner.values) - 1 for inner in ast.walk(node) if isinstance(inner, ast.BoolOp))
                if n_lines > MAX_FUNCTION or n_branches > MAX_BRANCHES:
                    found[f"{module(path)}.{node.name}"] = (n_lines, n_branches)
    assert not found
