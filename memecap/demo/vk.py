"""The VK of the painted world, without HTTP: walls that may change between calls, and how it answers.

The newest post first, the pinned one before it, pages of at most 100, error 6 above so many calls a second, any error
on demand. Source of the shapes: VK API schema 5.199, and answers before 5.77 (`shape="old"`).
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = "vk1.a.local-server-token"
FIRST_DATE = 1_600_000_000
_CALL = re.compile(r"API\.([\w.]+)\((\{.*?\})\)")
_MESSAGES = {
    5: "User authorization failed: invalid access_token (4).",
    6: "Too many requests per second",
    14: "Captcha needed",
    28: "Application authorization failed: method is unavailable with service token.",
    100: "One of the parameters specified was missing or invalid",
}


@dataclass(frozen=True)
class WallPost:
    """A post of the server, before it is dressed as JSON. Pictures are files."""

    text: str = ""
    pictures: Sequence[Path] = ()
    date: int | None = None  # seconds since 1970; by default an hour after the post below
    is_ad: bool = False
    is_pinned: bool = False
    repost_of: WallPost | None = None
    shape: str = "new"  # or "old": as before version 5.77


@dataclass
class World:
    """What VK holds and how it answers. `walls`: screen name → raw items, the newest first; change them at will."""

    walls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    token: str = TOKEN
    is_service_token: bool = False  # cannot `execute`
    per_second: int = 0  # calls a second before error 6; 0: no limit
    before_call: Callable[[World, str], None] | None = None  # may change the walls
    errors: deque[int | dict[str, Any]] = field(default_factory=deque)  # answered first, one a call
    calls: list[str] = field(default_factory=list)  # method names, in order
    _times: deque[float] = field(default_factory=deque)

    def answer(self, method: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The JSON of one call."""
        self.calls.append(method)
        if self.before_call is not None:
            self.before_call(self, method)
        if self.errors:
            return _error(self.errors.popleft(), method, parameters)
        if parameters.get("access_token") != self.token:
            return _error(5, method, parameters)
        if self._too_many():
            return _error(6, method, parameters)
        if method == "execute":
            return _error(28, method, parameters) if self.is_service_token else self._execute(parameters)
        return self._one(method, parameters)

    def items(self, name: str) -> list[dict[str, Any]]:
        """A wall as VK shows it: the pinned post first, the others from new to old."""
        items = self.walls[name]
        return [item for item in items if item.get("is_pinned")] + [item for item in items if not item.get("is_pinned")]

    def _one(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if method == "wall.get":
            name = self._wall(parameters)
            if name is None:
                return _error(100, method, parameters)
            items, offset = self.items(name), int(parameters.get("offset", 0))
            page = items[offset : offset + min(int(parameters.get("count", 20)), 100)]
            return {"response": {"count": len(items), "items": page}}
        if method == "utils.resolveScreenName":
            owner = self.owners.get(str(parameters.get("screen_name", "")))
            return {"response": [] if owner is None else {"type": "group", "object_id": -owner}}
        if method == "groups.getById":
            groups = [{"id": -owner, "name": name, "screen_name": name} for name, owner in self.owners.items()]
            return {"response": {"groups": groups, "profiles": []}}
        if method == "users.get":
            return {"response": [{"id": 1, "first_name": "Local", "last_name": "User"}]}
        return _error({"error_code": 3, "error_msg": "Unknown method passed"}, method, parameters)

    def _execute(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        values, errors = [], []
        for method, text in _CALL.findall(parameters.get("code", "")):
            answer = self._one(method, json.loads(text))
            values.append(answer.get("response", False))
            if "error" in answer:
                errors.append({"method": method, **answer["error"]})
        return {"response": values, **({"execute_errors": errors} if errors else {})}

    def _wall(self, parameters: Mapping[str, Any]) -> str | None:
        if "domain" in parameters:
            name = str(parameters["domain"])
            return name if name in self.walls else None
        owner_id = int(parameters.get("owner_id", 0))
        return next((name for name, owner in self.owners.items() if owner == owner_id), None)

    def _too_many(self) -> bool:
        now = time.monotonic()
        while self._times and now - self._times[0] >= 1.0:
            self._times.popleft()
        if self.per_second and len(self._times) >= self.per_second:
            return True
        self._times.append(now)
        return False


def _error(error: int | dict[str, Any], method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """An error as VK words it, the call's parameters echoed as old versions do, token and all."""
    said: dict[str, Any] = {"error_code": error} if isinstance(error, int) else dict(error)
    said.setdefault("error_msg", _MESSAGES.get(said["error_code"], "Error on demand"))
    if said["error_code"] == 14:
        said.setdefault("captcha_sid", "239633676097")
        said.setdefault("captcha_img", "https://api.vk.com/captcha.php?sid=239633676097&s=1")
    echoed = [{"key": "method", "value": method}, *({"key": key, "value": value} for key, value in parameters.items())]
    return {"error": {**said, "request_params": echoed}}
