"""What every verb says alike: JSON lines on stdout, and the summary of work whose items may fail one by one."""

from __future__ import annotations

import json
import sys
from typing import Any

from memecap.terminal import plain_json


def emit(value: Any) -> None:
    """One JSON value on a line of stdout."""
    sys.stdout.write(plain_json(json.dumps(value, ensure_ascii=False)) + "\n")
    sys.stdout.flush()
