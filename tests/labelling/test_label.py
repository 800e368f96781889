"""A teacher's captions become a corpus: whole, stopped and resumed, refused where it does not fit, and learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from killing import files
from PIL import Image
from typer.testing import CliRunner
from vision_server import FINAL, VisionServer

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import manifest, storage
from memecap.core.manifest import Row
from memecap.corpora.tools.check import check
from memecap.errors import DataError, TryLaterError, UsageError
from memecap.labelling.gate import Gate
from memecap.labelling.label import LABELS, REJECTED, SETTINGS, label
from memecap.reading.stored.readings import load_readings

N = 24


def rows_of(folder: Path) -> list[Row]:
    corpus = manifest.open_corpus(folder)
    return [row for split in corpus.counts for row in corpus.rows(split)]


def named(row: Row, folder: Path) -> str:
    """The colour in the middle of a row's picture, as the server says it."""
    with Image.open(folder / row.split / row.file_name) as image:
        return "-".join(str(round(value / 16)) for value in image.convert("RGB").getpixel((20, 15)))  # type: ignore[union-attr]


def test_pictures_without_captions_become_a_corpus(
    wild: Path, teacher: str, server: VisionServer, tmp_path: Path
) -> None:
    assert all(not row.captions for row in rows_of(wild)) and len(rows_of(wild)) == N
    out = tmp_path / "corpora" / "taught"
    summary = label(teacher, wild, out)
    assert (summary.labelled, summary.rejected, summary.asked) == (N, {}, N)
    assert check([out])[0].faults == []
    readings = load_readings(out)
    for row in rows_of(out):
        (caption,) = row.captions
        assert caption == f"На картинке фон цвета {named(row, out)}. Надпись: «{readings[row.image_id].text}»."
        assert (row.written_by, row.corpus, row.language) == ("openai seer", "taught", "ru")
    assert [(row.image_id, row.group_id, row.split) for row in rows_of(out)] == [
        (row.image_id, row.group_id, row.split) for row in rows_of(wild)
    ]
    before = files(out)
    assert label(teacher, wild, out).asked == 0 and files(out) == before
    assert server.asked.total() == N


def test_the_gate_keeps_what_it_refuses_and_asks_nothing_anew(
    wild: Path, teacher: str, server: VisionServer, tmp_path: Path
) -> None:
    server.final = 0.5
    out = tmp_path / "taught"
    summary = label(teacher, wild, out)
    rejected = {record["image_id"]: record for record in storage.read_jsonl(out / REJECTED)}
    assert summary.labelled + len(rejected) == N and 4 < len(rejected) < 20
    assert set(summary.rejected) <= {"refused", "unfinished", "quotes too little"} and "refused" in summary.rejected
    assert {row.image_id for row in rows_of(out)}.isdisjoint(rejected)
    pictures = {path.stem for path in out.glob("*/images/*")}
    assert pictures == {row.image_id for row in rows_of(out)}
    assert any("refuses" in record["error"] for record in rejected.values())
    strict = label(teacher, wild, out, gate=Gate(min_cyrillic=1.0, min_quoted=1.0))
    assert strict.asked == 0 and strict.labelled <= summary.labelled


def test_rows_that_have_captions_stay_unless_they_are_replaced(
    wild: Path, teacher: str, server: VisionServer, tmp_path: Path
) -> None:
    rows = rows_of(wild)
    said = [Row.from_json({**row.to_json(), "captions": ["Сказано человеком."]}) for row in rows[:10]]
    text = Row(captions=("Без картинки.",), image_id="t", group_id="t", corpus="wild", split="train")
    manifest.finish(wild, "wild", manifest.write_rows(wild, [*said, *rows[10:], text]))
    out = tmp_path / "taught"
    summary = label(teacher, wild, out)
    assert summary.labelled == N - 10 and sum(summary.counts.values()) == N + 1
    kept = [row for row in rows_of(out) if not row.written_by]
    assert sorted(row.captions[0] for row in kept) == ["Без картинки."] + ["Сказано человеком."] * 10
    summary = label(teacher, wild, tmp_path / "all", replace=True)
    assert summary.labelled == N
    assert sum(row.source_captions == ("Сказано человеком.",) for row in rows_of(tmp_path / "all")) == 10
    assert server.asked.total() == N  # what was paid for serves both


def test_it_goes_on_where_it_was_stopped(wild: Path, teacher: str, server: VisionServer, tmp_path: Path) -> None:
    whole, out = tmp_path / "a" / "taught", tmp_path / "b" / "taught"
    label(teacher, wild, whole, batch_size=5)
    lines = (whole / LABELS).read_bytes().splitlines(keepends=True)
    out.mkdir(parents=True)
    (out / SETTINGS).write_bytes((whole / SETTINGS).read_bytes())
    (out / LABELS).write_bytes(b"".join(lines[:10]) + lines[10][:20])  # torn
    assert label(teacher, wild, out, batch_size=5).asked == N - 10
    assert files(out) == files(whole)


def test_a_teacher_that_does_not_answer_is_asked_again(
    wild: Path, server: VisionServer, tmp_path: Path, teacher: str
) -> None:
    impatient = Path(teacher)
    impatient.write_text(impatient.read_text().replace("pause_s: 0.001", "pause_s: 0.001, retries: 0"))
    server.faults, server.kinds = 0.4, ("500", "reset")
    out = tmp_path / "taught"
    with pytest.raises(TryLaterError, match="have no caption yet"):
        label(teacher, wild, out)
    assert not (out / manifest.MANIFEST).exists()
    partial = label(teacher, wild, out, drop_failed=True)
    server.faults = 0.0
    done = label(teacher, wild, out)
    assert partial.labelled <= done.labelled == N
    assert server.asked.total() == N + server.met.total()


def test_what_does_not_fit_is_refused(wild: Path, teacher: str, server: VisionServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="onto itself"):
        label(teacher, wild, wild)
    with pytest.raises(UsageError, match="no such split"):
        label(teacher, wild, tmp_path / "taught", splits=["nope"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        label(teacher, wild, tmp_path / "mine")
    label(teacher, wild, tmp_path / "taught", splits=["val"])
    assert set(label(teacher, wild, tmp_path / "taught", splits=["train"]).counts) == {"train", "val"}
    with pytest.raises(UsageError, match="another captioner, "):
        label("template", wild, tmp_path / "taught")
    with pytest.raises(DataError, match="has a caption"):
        label(teacher, tmp_path / "taught", tmp_path / "again")


def test_a_broken_picture_is_named_and_spoils_no_other(
    wild: Path, teacher: str, server: VisionServer, tmp_path: Path
) -> None:
    row = rows_of(wild)[3]
    (wild / row.split / row.file_name).write_bytes(b"not a picture")
    summary = label(teacher, wild, tmp_path / "taught")
    assert summary.rejected == {"failed": 1} and summary.labelled == N - 1
    (record,) = storage.read_jsonl(tmp_path / "taught" / REJECTED)
    assert record["image_id"] == row.image_id and "not a picture" in record["error"]


def run(*words: Any) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_student_learns_from_what_a_teacher_wrote(
    wild: Path, teacher: str, server: VisionServer, tiny_models: Path, tmp_path: Path
) -> None:
    """The whole road by the command line: pictures → corpus → labels → training → a caption."""
    taught = tmp_path / "corpora" / "taught"
    said = json.loads(run("label", wild, "--model", teacher, "--out", taught, "--json"))
    assert said["labelled"] == N
    page = (taught / "labels.html").read_text(encoding="utf-8")
    assert "24 captions by openai seer; 0 rejected" in page and page.count("<figure>") == N
    recipe = tmp_path / "student.yaml"
    student = {"name": "lstm", "width": 48, "embeddings": {"width": 24}, "dropout": 0.0}
    encoder = {"name": "resnet", "model": str(tiny_models / "resnet")}
    stage = {"name": "pretrain", "corpora": ["taught"], "epochs": 2, "batch_size": 6, "lr": 0.01}
    settings = {"captioner": {**student, "encoder": encoder}, "stages": [stage], "data_folder": str(tmp_path)}
    recipe.write_text(json.dumps({**settings, "samples": 1}))  # JSON is YAML
    run("train", recipe, "--out", tmp_path / "student")
    picture = next((taught / "val" / "images").iterdir())
    caption = json.loads(run("caption", picture, "--model", tmp_path / "student", "--reader", "none", "--json"))
    assert caption["error"] is None and caption["model"] == str(tmp_path / "student")


def test_the_page_shows_what_was_refused_and_runs_nothing(
    wild: Path, teacher: str, server: VisionServer, tmp_path: Path
) -> None:
    hostile = '<script>alert(1)</script> я не <b onload="x">картинка</b>'
    server.fate = lambda picture: "whole"  # type: ignore[method-assign]
    whole = server.completion

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        made = whole(body)
        made["choices"][0]["message"]["content"] = hostile
        return made

    server.completion = answer  # type: ignore[method-assign]
    run(
        "label",
        wild,
        "--model",
        teacher,
        "--out",
        tmp_path / "taught",
        "--gate",
        "min_quoted=0",
        "--gate",
        "min_cyrillic=0",
    )
    page = (tmp_path / "taught" / "labels.html").read_text(encoding="utf-8")
    assert "<script" not in page and 'onload="' not in page and "&lt;script&gt;" in page


def test_every_fate_of_an_answer_has_its_reason(wild: Path, teacher: str, server: VisionServer, tmp_path: Path) -> None:
    server.fate = lambda picture: FINAL[len(picture) % len(FINAL)]  # type: ignore[method-assign]
    with pytest.raises(DataError, match="refused"):
        label(teacher, wild, tmp_path / "taught")
    assert sum(1 for _ in storage.read_jsonl(tmp_path / "taught" / LABELS)) == N
