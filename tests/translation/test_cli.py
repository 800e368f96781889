"""The verb, its exit codes, and a job that is killed without warning."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401
from memecap.cli import app
from memecap.core import manifest
from memecap.core.manifest import Row
from memecap.errors import TryLaterError, UnknownPartError


def _corpus(folder: Path, n: int) -> Path:
    rows = [
        Row(
            captions=tuple(f"cat {i} {'кот ' * (i % 9 + k)}" for k in range(2)),
            image_id=f"{i:04}",
            group_id=f"{i:04}",
            corpus="c",
            split=manifest.SPLITS[i % 3],
            language="en",
        )
        for i in range(n)
    ]
    manifest.finish(folder, "c", manifest.write_rows(folder, rows))
    return folder


def test_a_corpus_by_marian(marian: Path, tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    rows = [
        Row(captions=(source,), image_id=str(i), group_id=str(i), corpus="c", split="train", language="en")
        for i, (source, _) in enumerate(pairs)
    ]
    manifest.finish(tmp_path / "en", "c", manifest.write_rows(tmp_path / "en", rows))
    arguments = ["translate", str(tmp_path / "en"), "--set", f"model={marian}"]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["corpus"] == str(tmp_path / "en_ru")
    assert record["counts"]["train"] == record["captions"] >= 0.9 * len(pairs)
    assert record["captions"] + sum(record["rejected"].values()) == record["asked"] == len(pairs)
    again = CliRunner().invoke(app, [*arguments, "--to", str(tmp_path / "again")])
    assert again.exit_code == 0 and f"{record['captions']} rows" in again.stdout


def test_sample_and_score_write_nothing(marian: Path, tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    (tmp_path / "en.txt").write_text("\n".join(en for en, _ in pairs), encoding="utf-8")
    (tmp_path / "ru.txt").write_text("\n".join(ru for _, ru in pairs), encoding="utf-8")
    settings = ["--set", f"model={marian}"]
    scored = CliRunner().invoke(
        app, ["translate", str(tmp_path / "en.txt"), "--score", str(tmp_path / "ru.txt"), "--json", *settings]
    )
    assert json.loads(scored.stdout)["chrf2"] > 90
    folder = _corpus(tmp_path / "c", 9)
    shown = CliRunner().invoke(app, ["translate", str(folder), "--sample", "4", *settings])
    assert shown.exit_code == 0 and shown.stdout.count("│") >= 4
    listed = CliRunner().invoke(app, ["translate", str(folder), "--sample", "4", "--json", *settings])
    assert len(listed.stdout.splitlines()) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "en.txt", "ru.txt"]


def test_a_sheet_asks_for_translations_and_goes_on(tmp_path: Path) -> None:
    folder = _corpus(tmp_path / "c", 3)
    sheet = tmp_path / "s.csv"
    arguments = ["translate", str(folder), "--engine", "sheet", "--set", f"path={sheet}"]
    waiting = CliRunner().invoke(app, arguments)
    assert isinstance(waiting.exception, TryLaterError) and waiting.exception.exit_code == 75
    lines = sheet.read_text(encoding="utf-8").splitlines()
    sheet.write_text("\n".join([lines[0], *(f"{line}перевод кота 2" for line in lines[1:])]), encoding="utf-8")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert next(manifest.open_corpus(tmp_path / "c_ru").rows("test")).captions == ("перевод кота 2",) * 2


def test_settings_from_a_file_name_the_engine(tmp_path: Path) -> None:
    (tmp_path / "engine.yaml").write_text(f"name: sheet\npath: {tmp_path}/other.csv\n")
    result = CliRunner().invoke(
        app, ["translate", str(_corpus(tmp_path / "c", 3)), "-c", str(tmp_path / "engine.yaml")]
    )
    assert isinstance(result.exception, TryLaterError)
    assert (tmp_path / "other.csv").exists()


def test_an_unknown_engine_is_answered_with_those_there_are(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["translate", str(tmp_path), "--engine", "marain"])
    assert isinstance(result.exception, UnknownPartError) and "did you mean 'marian'" in str(result.exception)
