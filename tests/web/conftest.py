"""A server with the template and a tiny captioner with attention, asked without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from starlette.testclient import TestClient
from tiny_models import TEXTS, shaken

from memecap.captioners.base import create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.web import serving
from memecap.web.app import create_app
from memecap.web.settings import Settings
from tests.web import light

READER = {"name": "tests.web.known_reader"}
Open = Callable[..., TestClient]


@pytest.fixture(scope="session")
def attentive(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a captioner that says where it looked."""
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(tiny_models / "ruclip"), "output": "grid"}
    settings = {"name": "attention_lstm", "min_count": 1, "width": 16, "embeddings": {"width": 8}, "encoder": encoder}
    folder = tmp_path_factory.mktemp("web") / "attentive"
    checkpoint.save(shaken(create(config.configure("captioners", settings), TEXTS).eval()), folder)
    return folder


@pytest.fixture
def open_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """open_client(**settings): a client of a server that describes nothing and loads nothing."""
    monkeypatch.setattr(serving, "start", light.refusing)
    with ExitStack() as stack:

        def opened(**settings: Any) -> TestClient:
            app = create_app(Settings(**settings))
            client = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
            stack.enter_context(client)
            assert app.serving.worker.ready.wait(110)
            return client

        yield opened


@pytest.fixture(scope="session")
def client(attentive: Path) -> Iterator[TestClient]:
    """A server of the template and the tiny captioner, for all tests of the page and the API."""
    app = create_app(Settings(models=(str(attentive),), loading={"reader": READER, "device": "cpu"}))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as opened:
        assert app.serving.worker.ready.wait(110)
        yield opened
