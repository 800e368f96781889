"""Files to write, and a table of two systems."""

from __future__ import annotations

import pytest

from memecap.scoring import compare as leaderboard
from tests.scoring.rows import systems


@pytest.fixture
def write(tmp_path):
    def write(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture(scope="module")
def records():
    return leaderboard.rank(systems(), resamples=200)
