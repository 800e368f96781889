"""`memecap doctor` finds what is missing and says how to get it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memecap.cli import app
from memecap.cli import verbs as _verbs  # noqa: F401  (each verb adds itself)


def test_a_machine_without_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(app, ["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(result.stdout)}
    assert result.exit_code == 0  # memes are read without it, too
    assert not checks["tesseract"]["ok"] and "apt-get install" in checks["tesseract"]["fix"]
    assert checks["torch"]["ok"] and checks["python"]["found"].startswith("3.")


def test_a_tesseract_without_russian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\n[ "$1" = --list-langs ] && echo eng || echo tesseract 5.3.0\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert "without rus" in result.stdout and "tesseract-ocr-rus" in result.stdout


def test_parts_are_listed_without_importing_them() -> None:
    result = CliRunner().invoke(app, ["parts", "captioners", "encoders", "--json"])
    table = json.loads(result.stdout)
    assert result.exit_code == 0
    assert {"clipcap", "template", "reader_writer"} <= table["captioners"].keys()
    assert {"ruclip", "resnet", "vit"} <= table["encoders"].keys()
    assert all(summary for summaries in table.values() for summary in summaries.values())


def test_no_command_imports_torch_before_it_needs_it() -> None:
    program = "import sys, memecap.cli.verbs; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
