"""`memecap caption`: what stands on stdout, what on stderr, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from memecap.cli import _verbs, app  # noqa: F401  (each verb adds itself)

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memes")
    for name, text in (("a.png", "КОГДА ПРИШЁЛ ДОМОЙ"), ("b.png", "НОВЫЙ ГОД")):
        image = Image.new("RGB", (500, 120), "white")
        ImageDraw.Draw(image).text((20, 30), text, "black", ImageFont.truetype(FONT, 34))
        image.save(folder / name)
    (folder / "c.jpg").write_bytes(b"<html>")
    return folder


def run(*arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["caption", *arguments], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_a_folder_as_json_with_one_broken_picture(folder: Path) -> None:
    code, out, err = run(str(folder), "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [Path(record["file"]).name for record in records] == ["a.png", "b.png", "c.jpg"]
    assert set(records[0]) >= {"file", "caption", "reading", "quotes", "model", "seconds", "error"}
    assert "когда пришёл домой" in records[0]["caption"].lower()
    assert "новый год" in records[1]["quotes"][0]["text"].lower()
    assert records[2]["caption"] is None and "not a picture" in records[2]["error"]
    assert "c.jpg" in err


def test_csv_sidecars_and_globs(folder: Path) -> None:
    code, out, _ = run(str(folder / "*.png"), "--csv", "--sidecar")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and len(rows) == 2
    assert (folder / "a.txt").read_text(encoding="utf-8").strip() == rows[0]["caption"]


def test_a_picture_from_stdin(folder: Path) -> None:
    code, out, _ = run("-", stdin=(folder / "b.png").read_bytes())
    assert code == 0 and "новый год" in out.lower()


def test_stdin_beside_a_file_is_the_only_dash(folder: Path) -> None:
    for order in (["-", str(folder / "a.png")], [str(folder / "a.png"), "-"]):
        code, out, _ = run(*order, "--csv", "--reader", "none", stdin=(folder / "b.png").read_bytes())
        assert code == 0
        assert [row["file"] for row in csv.DictReader(io.StringIO(out))] == order


def test_beam_needs_options_that_exist(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "memecap", "caption", str(folder / "a.png"), "--decoding", "beam", "--set", "widht=3"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "`widht`" in done.stderr and "`width`" in done.stderr


def test_help_shows_an_example() -> None:
    code, out, _ = run("--help")
    assert code == 0 and "Example: memecap caption" in out
