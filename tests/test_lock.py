"""requirements.lock has a checksum for each version of constraints.txt, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def versions(name: str, pattern: str) -> dict[str, str]:
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            told = re.fullmatch(pattern, line.partition("  #")[0].partition(" ;")[0].strip())
            assert told, line
            found[re.sub(r"[-_.]+", "-", told[1]).lower()] = told[2]
    return found


def test_each_pinned_version_has_its_checksum() -> None:
    pinned = versions("constraints.txt", r"([\w.-]+)==([\w.!+-]+)")
    locked = versions("requirements.lock", r"([\w.-]+)==([\w.!-]+)(?:\+cpu)? --hash=sha256:[0-9a-f]{64}")
    assert locked == pinned
