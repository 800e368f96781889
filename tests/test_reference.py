"""What docs/ says of the code is what the code says: keys, exit codes, variables, records, notebook, pictures."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from PIL import Image, ImageChops, ImageStat

import memecap
from memecap import errors
from memecap.core.manifest import Row
from memecap.inference.result import Result
from memecap.reading.base import Line, Reading

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def script(name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_keys_and_schemas_are_current(tmp_path: Path) -> None:
    script("write_reference").write(tmp_path)
    for made in [tmp_path / "yaml_keys.md", *(tmp_path / "schema").iterdir()]:
        stored = DOCS / made.relative_to(tmp_path)
        message = f"{stored.name} is not what the code says: python scripts/write_reference.py"
        assert stored.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), message


def test_each_key_says_what_it_is() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| (.*?) \|$", (DOCS / "yaml_keys.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) > 200
    assert not [key for key, said in rows if not said.strip()]


@pytest.mark.parametrize("path", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_each_key_of_our_yamls_is_there(path: Path) -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "yaml_keys.md").read_text(encoding="utf-8"), re.MULTILINE))
    free = {"name", "extra"}  # a part's name; what a server is told beside our own keys
    assert keys(yaml.safe_load(path.read_text(encoding="utf-8"))) - free <= listed


def keys(value: Any) -> set[str]:
    """The keys of a YAML, but those below `extra`, which are a server's."""
    if isinstance(value, dict):
        inner = [keys(one) for key, one in value.items() if key != "extra"]
        return set(value).union(*inner)
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_the_exit_codes_are_those_of_the_errors() -> None:
    def tree(kind: type[errors.MemecapError]) -> dict[str, int]:
        found = {kind.__name__: kind.exit_code} if kind.__module__ == errors.__name__ else {}
        for inner in kind.__subclasses__():
            found.update(tree(inner))
        return found

    page = (DOCS / "exit_codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \| (.*?) \|", page, re.MULTILINE)
    said = {name: int(code) for code, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert said == tree(errors.MemecapError)


def test_the_variables_are_those_that_the_code_reads() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "memecap").rglob("*.py"))
    read = set(re.findall(r'"(MEMECAP_[A-Z_]*[A-Z])"', code)) | {"VK_TOKEN"}
    page = (DOCS / "exit_codes.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)) - {"MEMECAP_KEY__KEY"}
    assert said == read


def test_the_records_are_those_that_are_written() -> None:
    page = (DOCS / "formats.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)
    shown = json.loads(block)
    assert shown.keys() == Result("a", "b").to_json().keys()
    reading = Reading((Line("а", (0, 0, 1, 1), 1.0, role="name"),), 1, 1, "r")
    assert shown["reading"].keys() - {"recollections"} == reading.to_json().keys()
    assert shown["reading"]["lines"][0].keys() == reading.to_json()["lines"][0].keys()
    row = Row(captions=("а",), image_id="0", group_id="0", corpus="c", split="train", written_by="m")
    for name, record in {"row": row.to_json(), "reading": reading.to_json()}.items():
        schema = json.loads((DOCS / "schema" / f"{name}.json").read_text(encoding="utf-8"))
        assert set(schema["required"]) <= record.keys() <= schema["properties"].keys()


def test_the_notebook_runs_and_says_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells, one after another, without a kernel: a notebook server is no need of the tests."""
    monkeypatch.chdir(DOCS)
    names: dict[str, Any] = {}
    compared = 0
    for cell in json.loads((DOCS / "first_caption.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile("".join(cell["source"]), "first_caption.ipynb", "exec"), names)
        shown = "".join("".join(output.get("text", ())) for output in cell["outputs"])
        assert bool(said.getvalue()) == bool(shown)
        if not re.search(r"\d", shown):  # boxes and confidence move with the reader, Tesseract or none
            assert said.getvalue() == shown
            compared += bool(shown)
    assert compared == 2


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["version"] == memecap.__version__
    assert all("name" in author or "family-names" in author for author in citation["authors"])


def test_the_pictures_are_those_that_the_scripts_paint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, target in {"paint_badges": tmp_path, "paint_meme": tmp_path / "meme.png"}.items():
        monkeypatch.setattr("sys.argv", [name, str(target)])
        script(name).main()
    badges = sorted((DOCS / "pictures" / "badges").iterdir())
    assert badges and [path.read_bytes() for path in badges] == [(tmp_path / path.name).read_bytes() for path in badges]
    ours, again = (Image.open(folder / "meme.png").convert("RGB") for folder in (DOCS / "pictures", tmp_path))
    assert ours.size == again.size
    assert max(ImageStat.Stat(ImageChops.difference(ours, again)).mean) < 2  # another Pillow may round otherwise


@pytest.mark.parametrize("page", ["README.md", "README.ru.md", *(f"docs/{path.name}" for path in DOCS.glob("*.md"))])
def test_each_link_leads_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)|src=\"([^\"]+)\"", text)
    local = [first or second for first, second in targets if not (first or second).startswith("http")]
    assert all(((ROOT / page).parent / target).exists() for target in local)


def test_the_image_is_made_of_files_that_travel_to_it() -> None:
    dockerfile, ignored = ((ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", ".dockerignore"))
    copied = {word for line in re.findall(r"^COPY (.*)$", dockerfile, re.MULTILINE) for word in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    assert {f"!{name}" for name in copied} == {line for line in ignored.splitlines() if line.startswith("!")}
    assert re.search(r"^USER (?!root)", dockerfile, re.MULTILINE)
    assert "HEALTHCHECK" in dockerfile and "/healthz" in dockerfile
