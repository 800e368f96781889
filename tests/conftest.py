"""Fixtures of every test: no network, one thread, and the real data where it is there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"  # settings of who runs the tests

from jaxtyping import install_import_hook

# Shapes in signatures are checked in the tests and cost nothing in use.
install_import_hook(
    ["memecap.modeling.batch", "memecap.captioners", "memecap.encoders", "memecap.encoders.stored.features"],
    "beartype.beartype",
)

import pytest

ROOT = Path(__file__).parents[1]
sys.path += [str(Path(__file__).parent / "fixtures"), str(ROOT / "scripts" / "demo_checkpoints")]
from tiny_models import tiny_models  # noqa: F401  (a fixture)
from tiny_vlms import tiny_vlm  # noqa: F401  (a fixture)
from vision_server import server  # noqa: F401  (a fixture: modules that talk to other servers have their own)

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real memes and captions; tests that want it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is not at {SHARED}")
    return SHARED
