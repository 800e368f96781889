"""`memecap corpus …` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401
from memecap.cli import app
from memecap.errors import UsageError


class TestCommands:
    """`memecap corpus …` as a user types it."""

    def run(self, *arguments: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["corpus", *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    def test_the_road(self, meme_tables: Path, tmp_path: Path) -> None:
        folder = tmp_path / "memes"
        code, out, _ = self.run("build", "memes", meme_tables, "--out", folder, "--json")
        assert code == 0
        assert json.loads(out)["counts"] == {"train": 6, "val": 3}
        code, out, _ = self.run("check", folder, "--json")
        assert (code, json.loads(out)["faults"]) == (0, [])
        assert "faults: 0" in self.run("check", folder)[1]
        assert Path(self.run("look", folder)[1].strip()).is_file()
        code, out, _ = self.run("export", folder, "--to", "tsv")
        assert out.split() == [str(tmp_path / "memes-tsv" / f"{split}.tsv") for split in ("train", "val")]

    def test_a_broken_picture_is_told_and_counted(self, meme_tables: Path, tmp_path: Path) -> None:
        (meme_tables / "images" / "3.jpg").write_bytes(b"<html>")
        code, out, err = self.run("build", "memes", meme_tables, "--out", tmp_path / "memes")
        assert code == 1
        assert "left out: 3: not an image" in err
        assert "train 5" in out

    def test_a_yaml_with_overrides(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text('id,caption\n1,"a, b"\n2,c\n', encoding="utf-8")
        config = tmp_path / "mine.yaml"
        config.write_text(f"name: table\nsource: {tmp_path / 't.csv'}\nid: id\nval: 0.5\n", encoding="utf-8")
        code, out, _ = self.run("build", "-c", config, "--out", tmp_path / "mine", "--set", "val=0", "--set", "test=0")
        assert (code, out.strip()) == (0, f"{tmp_path / 'mine'}: train 2")

    def test_faults_end_with_65(self, meme_tables: Path, tmp_path: Path) -> None:
        self.run("build", "memes", meme_tables, "--out", tmp_path / "memes")
        (tmp_path / "memes" / "train" / "images" / "stray.jpg").write_bytes(b"")
        code, _, err = self.run("check", tmp_path / "memes")
        assert code == 65
        assert "stray.jpg" in err

    def test_no_kind(self) -> None:
        with pytest.raises(UsageError, match="no kind"):
            self.run("build")
