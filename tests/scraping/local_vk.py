"""The demo's VK with everything that the real one does to its callers: faults, odd posts, walls that change."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memecap.demo import vk_server
from memecap.demo.vk_server import HttpAnswer, vk_error

_MESSAGES = {
    6: "Too many requests per second",
    14: "Captcha needed",
    28: "Application authorization failed: method is unavailable with service token.",
}


@dataclass(frozen=True)
class WallPost(vk_server.WallPost):
    """A post of any kind and age."""

    is_ad: bool = False
    is_pinned: bool = False
    repost_of: WallPost | None = None
    shape: str = "new"  # or "old": as before version 5.77


@dataclass
class World(vk_server.World):
    """What VK holds and how it answers; change its walls at will."""

    is_service_token: bool = False  # cannot `execute`
    before_call: Callable[[World, str], None] | None = None  # may change the walls
    errors: deque[int | dict[str, Any]] = field(default_factory=deque)  # answered first, one a call
    calls: list[str] = field(default_factory=list)  # method names, in order

    def answer(self, method: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The JSON of one call; an error echoes the call's parameters, as old versions do, token and all."""
        self.calls.append(method)
        if self.before_call is not None:
            self.before_call(self, method)
        if self.errors:
            answer = _error(self.errors.popleft())
        elif method == "execute" and self.is_service_token and parameters.get("access_token") == self.token:
            answer = _error(28)
        else:
            answer = super().answer(method, parameters)
        if "error" in answer:
            pairs = {"method": method, **parameters}.items()
            answer["error"]["request_params"] = [{"key": key, "value": value} for key, value in pairs]
        return answer

    def items(self, name: str) -> list[dict[str, Any]]:
        """The pinned post first, the others from new to old."""
        return sorted(self.walls[name], key=lambda item: not item.get("is_pinned"))


def _error(error: int | dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"error_code": error} if isinstance(error, int) else dict(error)
    code = said["error_code"]
    said = vk_error(code)["error"] | ({"error_msg": _MESSAGES[code]} if code in _MESSAGES else {}) | said
    if code == 14:
        said.setdefault("captcha_sid", "239633676097")
        said.setdefault("captcha_img", "https://api.vk.com/captcha.php?sid=239633676097&s=1")
    return {"error": said}


class _Handler(vk_server.Handler):
    """Late, silent, or cut off in the middle, as it is told."""

    def do_GET(self) -> None:
        assert isinstance(self.server.vk, VkServer)
        time.sleep(self.server.vk.latency_s)
        super().do_GET()

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        if status:
            super().send(status, headers, body)
        if status == 0 or int(headers.get("Content-Length", len(body))) > len(body):
            self.close_connection = True  # half a body, then nothing


class VkServer(vk_server.VkServer):
    """`picture_fault(path, n)` may answer the n-th request for a picture: (status, headers, body), or None to serve it.

    Status 0 hangs up without a word; a `Content-Length` above the body's gives half an answer.
    `api_faults` are answered first, one a call: such a triple, or a number of seconds to stay silent.
    """

    handler = _Handler
    world: World

    def __init__(
        self,
        walls: Mapping[str, Sequence[vk_server.WallPost]],
        *,
        picture_fault: Callable[[str, int], HttpAnswer | None] | None = None,
        latency_s: float = 0.0,
        **world: Any,
    ) -> None:
        self.picture_requests: dict[str, int] = {}
        self.picture_fault, self.latency_s = picture_fault, latency_s
        self.api_faults: deque[HttpAnswer | float] = deque()
        super().__init__(walls, World(**world))

    def __enter__(self) -> VkServer:
        super().__enter__()
        return self

    def item(self, post: vk_server.WallPost, *, owner_id: int, post_id: int) -> dict[str, Any]:
        item = super().item(post, owner_id=owner_id, post_id=post_id)
        if not isinstance(post, WallPost):
            return item
        item["marked_as_ads"] = int(post.is_ad)
        if post.shape == "old":
            _make_old(item)
        if post.is_pinned:
            item["is_pinned"] = 1
        if post.repost_of is not None:
            item["copy_history"] = [self.item(post.repost_of, owner_id=owner_id - 500, post_id=post_id + 70_000)]
        return item

    def respond(self, path: str, form: Mapping[str, str]) -> HttpAnswer:
        if path.startswith("/method/"):
            fault = self.api_faults.popleft() if self.api_faults else None
            if isinstance(fault, tuple):
                return fault
            time.sleep(fault or 0)
        elif path in self.pictures:
            with self._lock:
                n = self.picture_requests[path] = self.picture_requests.get(path, 0) + 1
            if self.picture_fault is not None and (instead := self.picture_fault(path, n)):
                return instead
        return super().respond(path, form)


def _make_old(item: dict[str, Any]) -> None:
    """What has nothing to say is absent; a photo's addresses stand under their widths."""
    for name in ("marked_as_ads", "attachments"):
        if not item[name]:
            del item[name]
    for attachment in item.get("attachments", ()):
        photo = attachment["photo"]
        whole = photo.pop("sizes")[-1]
        url = whole["url"]
        photo |= {"photo_75": f"{url}&w=75", "photo_604": f"{url}&w=604", "photo_1280": url}
        photo |= {"width": whole["width"], "height": whole["height"]}
