"""A local server that behaves like api.vk.com: `wall.get`, `execute`, look-ups, errors, and pictures over HTTP.

    with VkServer({"textmeme": [WallPost("надпись сверху", [Path("a.jpg")])]}) as server:
        ...  # MEMECAP_VK_API=server.address, VK_TOKEN=server.token

What it answers is the `World` of vk.py.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from memecap.demo.vk import FIRST_DATE, WallPost, World


class VkServer:
    """The world over HTTP on a free local port, in a thread. `address` is for MEMECAP_VK_API.

    `walls`: screen name → posts, the newest first (or raw VK items, taken as they are).
    `picture_fault(path, n)` may answer the n-th request for a picture: (status, headers, body), or None to serve it.
    Status 0 hangs up without a word; a `Content-Length` above the body's gives half an answer.
    `api_faults` are answered first, one a call: such a triple, or a number of seconds to stay silent.
    """

    def __init__(
        self,
        walls: Mapping[str, Sequence[WallPost | dict[str, Any]]],
        *,
        picture_fault: Callable[[str, int], tuple[int, dict[str, str], bytes] | None] | None = None,
        latency_s: float = 0.0,
        **world: Any,
    ) -> None:
        self.pictures: dict[str, Path] = {}
        self.picture_requests: dict[str, int] = {}
        self.picture_fault, self.latency_s = picture_fault, latency_s
        self.api_faults: deque[tuple[int, dict[str, str], bytes] | float] = deque()
        self._lock = threading.Lock()
        self._http = _HttpServer(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.world = World(**world)
        for number, (name, posts) in enumerate(walls.items(), 1):
            self.add_wall(name, posts, owner_id=-1000 * number)
        self.token = self.world.token

    def __enter__(self) -> VkServer:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def add_wall(self, name: str, posts: Sequence[WallPost | dict[str, Any]], *, owner_id: int) -> None:
        n = len(posts)
        items = [
            post if isinstance(post, dict) else self.item(post, owner_id=owner_id, post_id=n - place)
            for place, post in enumerate(posts)
        ]
        self.world.walls[name], self.world.owners[name] = items, owner_id

    def item(self, post: WallPost, *, owner_id: int, post_id: int) -> dict[str, Any]:
        """A post as VK's JSON, its pictures registered to be served."""
        attachments = [
            {"type": "photo", "photo": self._photo(path, owner_id, post_id * 100 + place, post.shape)}
            for place, path in enumerate(post.pictures)
        ]
        item: dict[str, Any] = {
            "id": post_id,
            "from_id": owner_id,
            "owner_id": owner_id,
            "date": FIRST_DATE + 3600 * post_id if post.date is None else post.date,
            "post_type": "post",
            "text": post.text,
            "likes": {"count": 0},
        }
        if post.shape == "new":
            item |= {"marked_as_ads": int(post.is_ad), "attachments": attachments}
        else:  # absent where there is nothing to say
            item |= ({"marked_as_ads": 1} if post.is_ad else {}) | ({"attachments": attachments} if attachments else {})
        if post.is_pinned:
            item["is_pinned"] = 1
        if post.repost_of is not None:
            item["copy_history"] = [self.item(post.repost_of, owner_id=owner_id - 500, post_id=post_id + 70_000)]
        return item

    def _photo(self, path: Path, owner_id: int, photo_id: int, shape: str) -> dict[str, Any]:
        name = f"/photos/{-owner_id}/{photo_id}{path.suffix}"
        self.pictures[name] = path
        with Image.open(path) as image:
            width, height = image.size
        url = f"{self.address}{name}?size={width}x{height}&quality=96"
        photo = {
            "id": photo_id,
            "owner_id": owner_id,
            "album_id": -7,
            "date": FIRST_DATE,
            "text": "",
            "has_tags": False,
        }
        if shape == "old":
            return photo | {"photo_75": f"{url}&w=75", "photo_604": f"{url}&w=604", "photo_1280": url,
                            "width": width, "height": height}  # fmt: skip
        small = {"type": "s", "url": f"{url}&cut=s", "width": width // 8, "height": height // 8}
        crop = {"type": "r", "url": f"{url}&crop=r", "width": max(width, 510), "height": 2 * max(height, 510)}
        return photo | {"sizes": [small, crop, {"type": "x", "url": url, "width": width, "height": height}]}

    def respond(self, path: str, form: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """One HTTP answer: status, headers, body."""
        if path.startswith("/method/"):
            fault = self.api_faults.popleft() if self.api_faults else None
            if isinstance(fault, tuple):
                return fault
            time.sleep(fault or 0)
            with self._lock:
                answer = self.world.answer(path.removeprefix("/method/"), form)
            return 200, {"Content-Type": "application/json"}, json.dumps(answer, ensure_ascii=False).encode()
        if path not in self.pictures:
            return 404, {"Content-Type": "text/plain"}, b"not found"
        with self._lock:
            n = self.picture_requests[path] = self.picture_requests.get(path, 0) + 1
        instead = self.picture_fault(path, n) if self.picture_fault is not None else None
        return instead or (200, {"Content-Type": "image/jpeg"}, self.pictures[path].read_bytes())


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


def _handler(server: VkServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body leave together

        def do_GET(self) -> None:
            if server.latency_s:
                time.sleep(server.latency_s)
            self._send(*server.respond(urlsplit(self.path).path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {key: values[-1] for key, values in parse_qs(body).items()}
            self._send(*server.respond(urlsplit(self.path).path, form))

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if int(headers.get("Content-Length", len(body))) > len(body):
                self.close_connection = True  # half a body, then nothing

        def log_message(self, *_: object) -> None:
            pass

    return Handler
