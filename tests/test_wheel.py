"""The wheel holds the whole package, and by itself it captions and walks the demo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked() -> set[str]:
    """The package's files in git. Skips where there is no git."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git here")
    said = subprocess.run(["git", "ls-files", "-z", "memecap"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in said.stdout.split("\0") if name}


def test_each_asset_is_named_as_package_data() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"\[tool\.setuptools\.package-data\]\nmemecap = \[(.*?)\]", project, flags=re.DOTALL)
    assert block is not None
    named = {path for glob in re.findall(r'"([^"]+)"', block[1]) for path in (ROOT / "memecap").glob(glob)}
    assert {name for name in tracked() if not name.endswith(".py")} <= {str(path.relative_to(ROOT)) for path in named}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a copy: the build leaves folders behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in tracked() | {"pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"}:
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_wheel_is_whole_and_needs_no_repository(wheel: Path, tmp_path: Path) -> None:
    """In an environment with its dependencies and nothing else of ours, and in an empty folder."""
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())
        assert tracked() <= inside
        assert not [name for name in inside if not name.startswith(("memecap/", "memecap-"))]
        packed.extractall(tmp_path / "site")
    shutil.copy(ROOT / "docs" / "pictures" / "meme.png", tmp_path)
    (tmp_path / "empty").mkdir()
    path = os.pathsep.join([str(tmp_path / "site"), sysconfig.get_path("purelib")])
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "PYTHONPATH": path}

    def said(*words: str) -> str:
        command = [sys.executable, "-S", "-m", "memecap", *words]  # -S: what the environment adds of ours stays out
        done = subprocess.run(command, cwd=tmp_path / "empty", env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "когда до отпуска остался один день" in said("caption", "../meme.png")
    said("demo", "--memes", "30")
    assert (tmp_path / "empty" / "output" / "demo" / "report.html").stat().st_size > 10_000
