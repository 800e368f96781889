"""The card of a corpus: a README.md with what is in it, whose it is, what was left out, and checksums.

In: the counts and details of a corpus whose rows are written. Out: Markdown with the YAML head that the Hub reads.
Source of the form: https://huggingface.co/docs/hub/datasets-cards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from memecap.core import manifest, progress, storage
from memecap.core.manifest import LEFT_OUT, METADATA

CARD = "README.md"

_FIRST_KEY = "pretty_name"  # of a card that a build wrote
# The last line holds the hash of all above it: a card that somebody has edited is told by it.
_SIGNED = re.compile(r"(.*)<!-- written by `memecap corpus build` ([0-9a-f]{16}): edited, it is kept -->\n", re.DOTALL)


def write_card(folder: Path, name: str, counts: Mapping[str, int], details: Mapping[str, Any]) -> None:
    """Write the card; `details` are those that `corpus.json` will hold. Others' and edited ones are left alone."""
    path = folder / CARD
    if path.exists() and not _is_ours(path):
        progress.say(f"{path} is not a card of memecap, or was edited: it is kept, and no card is written")
        return
    licence = details.get("licence") or "not stated; ask the authors of pictures and captions"
    pictured = bool(details.get("pictures"))
    what = "Pictures with their captions, one row a picture." if pictured else "Captions without pictures."
    sections = [
        _head(name, counts, details, pictured),
        f"# {name}",
        f"{what} Language: {details['language']}. Kind of source: `{details['source']}`. Licence: {licence}.",
        _counts(counts, details),
        _filters(folder, details["rules"]),
        _checksums(folder, counts, pictured),
        "## Reading it\n\n```python\nfrom datasets import load_dataset\n\n" + _loading(counts, pictured) + "\n```",
    ]
    text = "\n\n".join(sections) + "\n\n"
    signature = f"<!-- written by `memecap corpus build` {_hash(text)}: edited, it is kept -->\n"
    storage.write_text(path, text + signature)


def _is_ours(path: Path) -> bool:
    """Whether a build wrote the card as it is; cards of older versions have no signature."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if signed := _SIGNED.fullmatch(text):
        return _hash(signed[1]) == signed[2]
    return text.startswith(f"---\n{_FIRST_KEY}:") and "<!-- written by `memecap corpus build`" not in text


def _hash(text: str) -> str:
    return storage.sha256_bytes(text.encode())[:16]


def _head(name: str, counts: Iterable[str], details: Mapping[str, Any], pictured: bool) -> str:
    files = [
        {"split": "validation" if split == "val" else split, "path": f"{split}/{'**' if pictured else METADATA}"}
        for split in counts
    ]
    head = {
        _FIRST_KEY: name,
        "language": [details["language"]],
        "license": "other",
        "license_name": details.get("licence") or "not stated",
        "task_categories": ["image-to-text"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    return f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False)}---"


def _counts(counts: Mapping[str, int], details: Mapping[str, Any]) -> str:
    columns = counts, details["groups"], details["captions"]
    lines = [(split, *(f"{column.get(split, 0):,}" for column in columns)) for split in counts]
    return "## Rows\n\n" + _table(("split", "rows", "groups", "captions"), lines)


def _filters(folder: Path, rules: Mapping[str, Any]) -> str:
    text = (
        "## How it was made\n\n"
        f"Equal files are one row. Pictures of which {rules['similarity']:.0%} of the parts or more agree when one is "
        "laid upon the other, and pictures that the source keeps together, are one group; it stands in one split. "
        f"Official splits are kept; other groups go by the hash of their id with the salt `{rules['salt']}`: "
        f"{rules['val']:.0%} val, {rules['test']:.0%} test. A row never moves when others are added."
    )
    reasons = left_out(folder)
    if not reasons:
        return f"{text} Nothing was left out."
    table = _table(("left out because", "items"), [(reason, f"{n:,}") for reason, n in reasons])
    return f"{text}\n\n{table}\n\nEach of them is named in `{LEFT_OUT}`."


def left_out(folder: Path) -> list[tuple[str, int]]:
    """Why items of a corpus were left out, and how many, the most frequent reason first."""
    path = folder / LEFT_OUT
    items = storage.read_jsonl(path) if path.exists() else ()
    return Counter(item["reason"].partition(" (")[0] for item in items).most_common()


def _checksums(folder: Path, splits: Iterable[str], pictured: bool) -> str:
    lines = [(f"`{split}/{METADATA}`", f"`{digest}`") for split, digest in manifest.checksums(folder, splits).items()]
    note = "\n\nThe `image_id` of a row is the sha256 of its picture." if pictured else ""
    return "## Checksums\n\n" + _table(("file", "sha256"), lines) + note


def _loading(splits: Iterable[str], pictured: bool) -> str:
    if pictured:
        return 'load_dataset("imagefolder", data_dir="PATH OF THIS FOLDER")'
    files = ", ".join(f'"{split}": "{split}/{METADATA}"' for split in splits)
    return f'load_dataset("json", data_files={{{files}}})'


def _table(names: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [names, tuple("---" for _ in names), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
