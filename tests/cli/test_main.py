"""The command as a process: signals, closed pipes, full disks, and help as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)

# The shell that runs the tests may ignore SIGINT, and a child would inherit that.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from memecap.cli import main
main()
"""
# One line of the log a run; from the sixth run on each takes its time, and one of them stops the reader.
TESSERACT = """#!/bin/sh
case "$*" in
--version) echo "tesseract 5.3.0" ;;
--list-langs) printf 'rus\\neng\\n' ;;
*)
    echo run >> "$RUNS"
    if [ "$(wc -l < "$RUNS")" -ge 6 ]; then
        mkdir "$RUNS.sent" 2> /dev/null && kill -s "$STOP" "$PPID"
        sleep 0.5
    fi
    ;;
esac
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pictures: five runs of the first pass, twenty of the others."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(60):
        Image.new("RGB", (24, 24), (number, 0, 0)).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(("stop", "code"), [("INT", 130), ("TERM", 143)])
def test_a_stopped_reader_says_so_and_starts_nothing_more(pictures: Path, tmp_path: Path, stop: str, code: int) -> None:
    (tmp_path / "tesseract").write_text(TESSERACT)
    (tmp_path / "tesseract").chmod(0o755)
    runs = tmp_path / "runs"
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "MEMECAP_CACHE": str(tmp_path / "cache"),
        "RUNS": str(runs),
        "STOP": stop,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "read", str(pictures), "--reader", "tesseract", "--set", "processes=1"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == code
    assert "interrupted; the same command goes on from here" in done.stderr
    assert "Traceback" not in done.stderr
    assert 6 <= len(runs.read_text().split()) < 14  # of 25, had the queue been drained


def test_a_closed_pipe_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "parts", "metrics"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_named() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "parts", "metrics"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 74
    assert "no space left on device" in done.stderr.lower() and "Traceback" not in done.stderr


def test_a_flag_that_does_not_exist_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, "read", "--nope"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "No such option: --nope" in done.stderr and "Usage:" in done.stderr


@pytest.mark.parametrize(
    ("verb", "written"), [("judge", "<corpus>/<split>"), ("train", "output/<name of the YAML>"), ("score", "<corpus>")]
)
def test_help_shows_what_stands_in_angle_brackets(verb: str, written: str) -> None:
    help_ = CliRunner().invoke(app, [verb, "--help"]).stdout
    assert "".join(written.split()) in "".join(help_.split())
