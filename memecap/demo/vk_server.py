"""A local server that answers like api.vk.com: `wall.get`, alone or in an `execute`, and pictures over HTTP.

    with VkServer({"textmeme": [WallPost("надпись сверху", [Path("a.jpg")])]}) as server:
        ...  # MEMECAP_VK_API=server.address, VK_TOKEN=server.token

Source of the shapes: VK API schema 5.199.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

TOKEN = "vk1.a.local-server-token"
FIRST_DATE = 1_600_000_000
_CALL = re.compile(r"API\.([\w.]+)\((\{.*?\})\)")
_MESSAGES = {
    3: "Unknown method passed",
    5: "User authorization failed: invalid access_token (4).",
    100: "One of the parameters specified was missing or invalid",
}
HttpAnswer = tuple[int, dict[str, str], bytes]  # status, headers, body


@dataclass(frozen=True)
class WallPost:
    """A post of the server, before it is dressed as JSON. Pictures are files."""

    text: str = ""
    pictures: Sequence[Path] = ()


@dataclass
class World:
    """What VK holds. `walls`: screen name → raw items, the newest first; `owners`: screen name → owner id."""

    walls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    token: str = TOKEN

    def answer(self, method: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The JSON of one call."""
        if parameters.get("access_token") != self.token:
            return vk_error(5)
        return self._execute(parameters) if method == "execute" else self._one(method, parameters)

    def items(self, name: str) -> list[dict[str, Any]]:
        """A wall as VK shows it."""
        return self.walls[name]

    def _one(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if method != "wall.get":
            return vk_error(3)
        asked = str(parameters.get("domain") or parameters.get("owner_id"))
        name = next((name for name, owner in self.owners.items() if asked in (name, str(owner))), None)
        if name is None:
            return vk_error(100)
        items, offset = self.items(name), int(parameters.get("offset", 0))
        page = items[offset : offset + min(int(parameters.get("count", 20)), 100)]
        return {"response": {"count": len(items), "items": page}}

    def _execute(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        calls = _CALL.findall(parameters.get("code", ""))
        answers = [(method, self._one(method, json.loads(text))) for method, text in calls]
        errors = [{"method": method, **answer["error"]} for method, answer in answers if "error" in answer]
        values = [answer.get("response", False) for _, answer in answers]
        return {"response": values, **({"execute_errors": errors} if errors else {})}


def vk_error(code: int) -> dict[str, Any]:
    """An error as VK words it."""
    return {"error": {"error_code": code, "error_msg": _MESSAGES.get(code, "Error on demand")}}


class Handler(BaseHTTPRequestHandler):
    """HTTP of a `VkServer`."""

    server: _HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def do_GET(self) -> None:
        self.send(*self.server.vk.respond(urlsplit(self.path).path, {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {key: values[-1] for key, values in parse_qs(body).items()}
        self.send(*self.server.vk.respond(urlsplit(self.path).path, form))

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    vk: VkServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class VkServer:
    """The world over HTTP on a free local port, in a thread. `address` is for MEMECAP_VK_API.

    `walls`: screen name → posts, the newest first.
    """

    handler = Handler

    def __init__(self, walls: Mapping[str, Sequence[WallPost]], world: World | None = None) -> None:
        self.pictures: dict[str, Path] = {}
        self.world = world or World()
        self.token = self.world.token
        self._lock = threading.Lock()
        self._http = _HttpServer(("127.0.0.1", 0), self.handler)
        self._http.vk = self
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        for number, (name, posts) in enumerate(walls.items(), 1):
            self.add_wall(name, posts, owner_id=-1000 * number)

    def __enter__(self) -> VkServer:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def add_wall(self, name: str, posts: Sequence[WallPost], *, owner_id: int) -> None:
        numbered = zip(range(len(posts), 0, -1), posts, strict=True)
        self.world.walls[name] = [self.item(post, owner_id=owner_id, post_id=number) for number, post in numbered]
        self.world.owners[name] = owner_id

    def item(self, post: WallPost, *, owner_id: int, post_id: int) -> dict[str, Any]:
        """A post as VK's JSON, its pictures registered to be served."""
        attachments = [
            {"type": "photo", "photo": self._photo(path, owner_id, post_id * 100 + place)}
            for place, path in enumerate(post.pictures)
        ]
        return {
            "id": post_id,
            "from_id": owner_id,
            "owner_id": owner_id,
            "date": FIRST_DATE + 3600 * post_id,
            "post_type": "post",
            "text": post.text,
            "likes": {"count": 0},
            "marked_as_ads": 0,
            "attachments": attachments,
        }

    def _photo(self, path: Path, owner_id: int, photo_id: int) -> dict[str, Any]:
        name = f"/photos/{-owner_id}/{photo_id}{path.suffix}"
        self.pictures[name] = path
        with Image.open(path) as image:
            width, height = image.size
        url = f"{self.address}{name}?size={width}x{height}&quality=96"
        small = {"type": "s", "url": f"{url}&cut=s", "width": width // 8, "height": height // 8}
        crop = {"type": "r", "url": f"{url}&crop=r", "width": max(width, 510), "height": 2 * max(height, 510)}
        whole = {"type": "x", "url": url, "width": width, "height": height}
        place = {"id": photo_id, "owner_id": owner_id, "album_id": -7, "date": FIRST_DATE}
        return place | {"text": "", "has_tags": False, "sizes": [small, crop, whole]}

    def respond(self, path: str, form: Mapping[str, str]) -> HttpAnswer:
        """One HTTP answer: a call's, or a picture."""
        if path.startswith("/method/"):
            with self._lock:
                answer = self.world.answer(path.removeprefix("/method/"), form)
            return 200, {"Content-Type": "application/json"}, json.dumps(answer, ensure_ascii=False).encode()
        if path not in self.pictures:
            return 404, {"Content-Type": "text/plain"}, b"not found"
        return 200, {"Content-Type": "image/jpeg"}, self.pictures[path].read_bytes()
