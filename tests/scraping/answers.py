"""Attachments as VK answers with them."""

from __future__ import annotations

from typing import Any

BASE = {"id": 5, "owner_id": -1, "date": 1_600_000_000}


def photo(photo_id: int = 1, **picture: Any) -> dict[str, Any]:
    return {"type": "photo", "photo": {"id": photo_id, "owner_id": -1, **picture}}


def sizes(*letters: str) -> list[dict[str, Any]]:
    edge = {"s": 75, "m": 130, "x": 604, "y": 807, "z": 1080, "w": 2560, "o": 130, "p": 200, "q": 320, "r": 5000}
    return [{"type": letter, "url": f"u/{letter}?a=1&b=2", "width": edge[letter], "height": 50} for letter in letters]
