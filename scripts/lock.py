"""constraints.txt → requirements.lock: the same versions, each with the SHA-256 of its file.

Run it with the Python and on the system that the lock is for: files differ between them. pip finds the files and their
checksums; nothing is installed.

    python scripts/lock.py && pip install --require-hashes --no-deps -r requirements.lock
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = "# Made by scripts/lock.py for Python {}.{} on {}: pip install --require-hashes --no-deps -r {}\n"


def report() -> dict[str, object]:
    """What pip would install."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command = ["install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", str(path)]
        subprocess.run([sys.executable, "-m", "pip", *command, "-r", str(ROOT / "constraints.txt")], check=True)
        found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return found


def lock(found: dict[str, object]) -> str:
    """The lines of the lock, by name."""
    lines = []
    for one in found["install"]:  # type: ignore[attr-defined]
        told, archive = one["metadata"], one["download_info"]["archive_info"]
        digest = archive["hashes"]["sha256"]
        lines.append(f"{told['name'].lower()}=={told['version']} --hash=sha256:{digest}\n")
    return "".join(sorted(lines))


if __name__ == "__main__":
    target = ROOT / "requirements.lock"
    made = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")) if sys.argv[1:] else report()
    head = HEAD.format(*sys.version_info[:2], sys.platform, target.name)
    target.write_text(head + lock(made), encoding="utf-8")
    print(f"{target.name}: {len(made['install'])} packages")
