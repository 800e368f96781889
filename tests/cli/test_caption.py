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
from PIL import Image, ImageDraw, ImageFont, features
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.errors import UsageError

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
    code, out, _ = run(str(folder / "*.png"), "--csv", "--sidecar", "--overwrite")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and len(rows) == 2
    assert (folder / "a.txt").read_text(encoding="utf-8").strip() == rows[0]["caption"]


def test_sidecars_lose_no_file_and_share_none(tmp_path: Path) -> None:
    for name, colour in (("x.jpg", "red"), ("x.png", "blue"), ("notes.png", "green")):
        Image.new("RGB", (40, 40), colour).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("mine\n")
    code, out, err = run(str(tmp_path), "--reader", "none", "--sidecar", "--json")
    errors = {Path(record["file"]).name: record["error"] for record in map(json.loads, out.splitlines())}
    assert code == 1 and "notes.txt" in err
    assert errors["x.jpg"] is None and "did not write" in errors["notes.png"]
    assert (tmp_path / "notes.txt").read_text() == "mine\n"
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["notes.txt", "x.jpg.txt", "x.png.txt"]
    code, _, _ = run(str(tmp_path), "--reader", "none", "--sidecar", "--overwrite")
    assert code == 0 and (tmp_path / "notes.txt").read_text() != "mine\n"


def refused(*arguments: str) -> tuple[str, str, str]:
    """What stands in the error that `main` prints with exit code 2, on stdout and on stderr."""
    result = CliRunner().invoke(app, [*arguments])
    assert isinstance(result.exception, UsageError) and result.exception.exit_code == 2
    return str(result.exception), result.stdout, result.stderr


def test_two_formats_at_once_are_refused(folder: Path) -> None:
    said, out, _ = refused("caption", str(folder / "a.png"), "--json", "--csv")
    assert "--json --csv" in said and out == ""


def test_a_device_that_does_not_exist_is_named(folder: Path) -> None:
    said, _, _ = refused("caption", str(folder / "a.png"), "--device", "gpu")
    assert all(name in said for name in ("'gpu'", "cpu", "cuda", "mps"))


def test_attention_that_cannot_be_drawn_is_refused_before_a_caption(folder: Path, tmp_path: Path) -> None:
    said, out, _ = refused("caption", str(folder / "a.png"), "--reader", "none", "--attention", str(tmp_path / "seen"))
    assert "does not look at a grid" in said and out == ""


@pytest.mark.parametrize("verb", ["caption", "read"])
def test_a_folder_without_pictures_is_named(tmp_path: Path, verb: str) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"ftypheic")
    (tmp_path / "IMG_2.heic").write_bytes(b"ftypheic")
    said, _, err = refused(verb, str(tmp_path))
    assert "no pictures" in said and "no pictures" in err
    assert "2 files were skipped" in err and ".heic" in err and "convert" in err


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_opened(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), "red").save(tmp_path / "a.avif")
    code, out, _ = run(str(tmp_path), "--reader", "none")
    assert code == 0 and out.strip()


def test_decodings_stand_side_by_side(folder: Path) -> None:
    options = ("--decoding", "greedy", "--decoding", "nucleus", "--set", "seed=3")
    code, out, _ = run(str(folder), *options, "--json")
    record, *_, broken = map(json.loads, out.splitlines())
    assert code == 1
    assert list(record["decodings"]) == ["greedy", "nucleus"]
    assert "пришёл домой" in record["decodings"]["nucleus"]["caption"].lower()
    assert broken["decodings"]["greedy"]["caption"] is None and "not a picture" in broken["error"]
    _, out, _ = run(str(folder / "*.png"), *options, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0])[:3] == ["file", "greedy", "nucleus"] and len(rows) == 2
    code, out, _ = run(str(folder / "b.png"), *options)
    assert code == 0 and "greedy" in out and "nucleus" in out and out.lower().count("новый год") == 2


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


HEARD = (
    "Надпись посередине: «Когда понедельник а кот уже встал». Снизу слева на английском, неразборчиво: «Monday again»."
)


def test_alt_text_is_a_style_and_another_one_is_refused(folder: Path) -> None:
    code, out, _ = run(str(folder), "--reader", "tests.web.known_reader", "--style", "alt", "--json")
    assert code == 1  # one picture is broken
    assert [json.loads(line)["caption"] for line in out.splitlines()] == [*[HEARD] * 2, None]
    said, _, _ = refused("caption", str(folder), "--style", "loud")
    assert "plain, alt" in said
