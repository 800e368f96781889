"""Rows of docs/features.md about pictures and captions: inputs, outputs, Python, notebooks, tables."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import memecap
from memecap.captioners.base import Captioner
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.errors import MemecapError
from memecap.inference.load import load_captioner
from memecap.inference.pipeline import Pipeline
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.pictures.safe_open import open_picture
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "memes"
    folder.mkdir()
    for number, colour in enumerate(("red", "green", "blue", "white")):
        Image.new("RGB", (40, 30), colour).save(folder / f"{number}.png")
    return folder


def run(*arguments: object, stdin: str | bytes | None = None) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def records(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


class Counting(Captioner):
    """Says how many pictures it was shown together, and has memory for two."""

    class Config(PartConfig):
        name: str = "counting"

    def __init__(self, most: int = 2) -> None:
        super().__init__()
        self.config, self.most, self.batches = self.Config(), most, []

    def generate(
        self, images: Images | None, readings: Sequence[Reading | None], search: Search
    ) -> list[list[Caption]]:
        self.batches.append(len(readings))
        if len(readings) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [[Caption(f"{search.name} {len(readings)}")] for _ in readings]


def test_row_inputs(pictures: Path, tmp_path: Path) -> None:
    names = tmp_path / "list.txt"
    names.write_text(f"# those of today\n{pictures / '0.png'}\n\n{pictures / '1.png'}\n", encoding="utf-8")
    base = ["caption", "--reader", "none", "--json"]
    assert len(records(run(*base, "--from-file", names))) == 2
    assert len(records(run(*base, "--from-file", "-", stdin=f"{pictures / '3.png'}\n"))) == 1
    assert len(records(run(*base, pictures, names.with_name("memes") / "0.png"))) == 5
    assert len(records(run(*base, pictures / "[01].png"))) == 2
    content = (pictures / "0.png").read_bytes()
    assert records(run(*base, "-", stdin=content))[0]["error"] is None
    inward = run(*base, "http://127.0.0.1:8080/x.png")
    assert inward.exit_code == 1 and "not a public one" in records(inward)[0]["error"]
    missing = run("caption", "--from-file", "nowhere.txt")
    assert missing.exception.exit_code == 74


def test_row_inputs_of_phones(tmp_path: Path) -> None:
    heic = tmp_path / "phone.heic"
    heic.write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 40)
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        with pytest.raises(MemecapError) as refused:
            open_picture(heic)
        assert "HEIC" in refused.value.what and "memecap[heic]" in (refused.value.fix or "")
    from PIL import features

    if features.check("avif"):
        Image.new("RGB", (32, 24), "red").save(tmp_path / "a.avif")
        assert open_picture(tmp_path / "a.avif").size == (32, 24)


def test_row_limit(pictures: Path) -> None:
    assert len(records(run("caption", pictures, "--reader", "none", "--json", "--limit", "3"))) == 3
    compared = run("compare", "template", "template", pictures, "--reader", "none", "--json", "--limit", "1")
    assert len(records(compared)) == 1


def test_row_dry_run(pictures: Path) -> None:
    before = sorted(pictures.iterdir())
    told = records(run("caption", pictures, "--sidecar", "--reader", "none", "--dry-run", "--json"))
    assert told[0]["n"] == 4 and told[0]["writes"] == [{"path": str(pictures), "exists": True}]
    assert sorted(pictures.iterdir()) == before
    wrong = run("caption", pictures, "--decoding", "bem", "--dry-run")
    assert wrong.exception.exit_code == 2


def test_row_skip_existing_and_overwrite(pictures: Path) -> None:
    base = ["caption", pictures, "--reader", "none", "--sidecar", "--json"]
    assert len(records(run(*base))) == 4
    again = run(*base)
    assert (again.exit_code, again.stdout) == (0, "") and "4" in again.stderr
    (pictures / "0.txt").write_text("mine\n")
    changed = run(*base)  # what is not memecap's is neither skipped nor replaced
    assert changed.exit_code == 1 and [Path(row["file"]).name for row in records(changed)] == ["0.png"]
    assert (pictures / "0.txt").read_text() == "mine\n"
    assert len(records(run(*base, "--overwrite"))) == 4 and (pictures / "0.txt").read_text() != "mine\n"
    assert len(records(run(*base, "--no-skip-existing"))) == 4


def test_row_per_item_errors(pictures: Path) -> None:
    (pictures / "9.jpg").write_bytes(b"<html>")
    done = run("caption", pictures, "--reader", "none", "--json")
    errors = [row["error"] for row in records(done)]
    assert done.exit_code == 1 and errors[:4] == [None] * 4 and "not a picture" in errors[4]
    assert "9.jpg" in run("caption", pictures, "--reader", "none", "-q").stderr


def test_row_python_one_liner(pictures: Path) -> None:
    captioner = load_captioner(Counting(9), reader=None, device="cpu")
    picture = pictures / "0.png"
    assert memecap.load_captioner(reader=None).caption(picture).text
    assert captioner.caption(picture).text == f"{captioner.decoding.name} 1"
    assert captioner.caption(picture, "beam", width=3).text == "beam 1"
    assert captioner.caption([picture, picture], "greedy")[1].text == "greedy 2"
    assert captioner.caption(picture).text == f"{captioner.decoding.name} 1"  # of that call alone
    for wrong in ({"decoding": "beam", "widht": 3}, {"width": 3}, {"decoding": "bem"}):
        with pytest.raises(MemecapError):
            captioner.caption(picture, **wrong)


def test_row_oom_recovery(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captioner = Counting()
    found = list(Pipeline(captioner).stream([*sorted(pictures.iterdir()), pictures / "0.png"], batch_size=5))
    assert [result.caption.text[-1] for result in found if result.caption] == ["2", "2", "1", "2", "2"]
    assert captioner.batches == [5, 2, 3, 1, 2]
    assert "out of memory" in capsys.readouterr().err
    with pytest.raises(torch.OutOfMemoryError):
        list(Pipeline(Counting(0)).stream([pictures / "0.png"]))


def test_row_side_by_side(pictures: Path, tmp_path: Path) -> None:
    done = run("compare", "template", "template", pictures / "0.png", pictures / "x.png", "--reader", "none", "--json")
    good, broken = records(done)
    assert done.exit_code == 1 and broken["error"]
    assert list(good["models"]) == ["template", "template (2)"]
    assert good["models"]["template"]["caption"] == good["models"]["template (2)"]["caption"]
    table = run("compare", "template", "template", pictures / "0.png", "--reader", "none")
    assert "template (2)" in table.stdout
    rows = list(csv.DictReader(io.StringIO(run(
        "compare", "template", "template", pictures, "--reader", "none", "--csv").stdout)))  # fmt: skip
    assert len(rows) == 4 and rows[0]["template"] == rows[0]["template (2)"]


def test_row_attention_and_boxes(pictures: Path) -> None:
    """A caption shows itself in a notebook: the picture, a box a quote, nothing that runs or loads."""
    quote = Quote('<script>alert("мем")</script>', (4, 5, 20, 15), 0.9)
    caption = Caption(f"Кот говорит «{quote.text}».", (quote,), picture=str(pictures / "0.png"))
    shown = caption._repr_html_()
    assert 'x="4" y="5" width="16" height="10"' in shown and 'viewBox="0 0 40 30"' in shown
    assert "data:image/jpeg;base64," in shown and "90%" in shown
    assert "<script" not in shown and not re.search(r"https?://|onload|javascript:", shown)
    assert "picture" not in caption.to_json()
    found = load_captioner(reader=None).caption(Image.new("RGB", (640, 320), "red"))
    assert "aria-label" in found._repr_html_() and isinstance(found.picture, bytes)
    assert "<svg" not in Caption("Кот.")._repr_html_()
    assert "Кот." in Caption("Кот.", picture=str(pictures / "gone.png"))._repr_html_()


def test_row_datasets_interop_pandas(pictures: Path) -> None:
    captioner = load_captioner(reader=None)
    frame = pandas.DataFrame({"id": [7, 8, 9], "file": [str(pictures / name) for name in ("0.png", "1.png", "no.png")]})
    frame = frame.set_index("id")
    made = captioner.table(frame)
    assert list(made.index) == [7, 8, 9] and list(made["file"]) == list(frame["file"])
    assert made["caption"].notna().tolist() == [True, True, False] and "no such picture" in made["error"][9]
    series = pandas.Series([str(pictures / "0.png")] * 2, index=["a", "b"])
    assert list(captioner.table(series).index) == ["a", "b"]
    assert [caption.text for caption in captioner.caption(series)] == list(captioner.table(series)["caption"])
    assert captioner.table([]).empty
    with pytest.raises(MemecapError, match="no column"):
        captioner.table(frame, column="path")
    scores = memecap.score(made["caption"][:2].tolist(), [["кот"], ["дом"]])
    assert "chrf2" in scores
