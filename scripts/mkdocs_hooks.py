"""Hooks of mkdocs: a page of the navigation that docs/ does not hold is left out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:
    config["nav"] = _kept(config["nav"], Path(config["docs_dir"]))
    return config


def _kept(pages: list[dict[str, Any]], docs: Path) -> list[dict[str, Any]]:
    kept = []
    for page in pages:
        ((title, target),) = page.items()
        if isinstance(target, list):
            kept.append({title: _kept(target, docs)})
        elif (docs / target).exists():
            kept.append(page)
    return kept
