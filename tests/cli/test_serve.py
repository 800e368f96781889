"""memecap serve as a person starts and stops it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401  (each verb adds itself to `app`)
from memecap.cli import app
from memecap.errors import MissingFileError, ServiceError, UsageError

ROOT = Path(__file__).parents[2]


def test_it_says_where_answers_and_stops() -> None:
    import httpx

    words = [sys.executable, "-m", "memecap", "serve", "--port", "0", "--reader", "none"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        try:
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
            assert found
            transport = httpx.HTTPTransport(retries=20)
            with httpx.Client(transport=transport, timeout=60) as client:
                assert client.get(f"{found[0]}/healthz").json() == {"status": "ok"}
                assert client.get(f"{found[0]}/example.png").content.startswith(b"\x89PNG")
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C at a terminal: the process that describes gets it, too
        assert process.wait(60) in (0, 130)
        assert "Traceback" not in process.stderr.read()


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["serve", "--port", str(taken.getsockname()[1]), "--reader", "none"]
        done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ServiceError) and "--port" in str(done.exception)


def test_a_model_that_is_not_there_ends_it(tmp_path: Path) -> None:
    words = ["serve", "--port", "0", "--reader", "none", "--model", str(tmp_path / "nowhere")]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, MissingFileError)


@pytest.mark.parametrize("token", ["слово", " "])
def test_a_token_that_no_header_holds(token: str) -> None:
    done = CliRunner().invoke(app, ["serve", "--port", "0", "--token", token])
    assert isinstance(done.exception, UsageError)
