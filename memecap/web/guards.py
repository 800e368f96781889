"""What every request passes: whose host and page it comes from, its token, how much it sends, and a place in the queue.

A server on this machine can be reached by any page that its owner's browser shows, so the host must be one of ours
(a name that is pointed here later is none) and a page of another site may ask nothing. Refusals are decided from the
headers, before a byte of a picture is taken.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from memecap.web.counters import Counters
from memecap.web.refusals import Refused
from memecap.web.serving import Serving
from memecap.web.settings import Limits, Settings

CAPTIONED = frozenset({"/v1/caption", "/v1/read", "/v1/batch"})  # what waits for the one worker
BATCH = "/v1/batch"
_OPEN = re.compile(r"/|/static/.*|/example\.png|/favicon\.ico|/openapi\.json|/healthz|/readyz")  # no token: no data
_ENVELOPE = 100_000  # bytes of a request around its picture
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Guard:
    """The outermost layer. One for one application: it counts who is in."""

    def __init__(self, app: FastAPI, *, settings: Settings, counters: Counters, routes: Collection[str]) -> None:
        self._app, self._settings, self._counters, self._routes = app, settings, counters, routes
        self.serving: Serving = app.state.serving
        self.n_admitted = self.n_batches = 0
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        answered = self._answering(path, send)
        try:
            self._check(scope)
            places = (path in CAPTIONED, path == BATCH) if scope["method"] == "POST" else (False, False)
            self._admit(*places)
        except Refused as refused:
            self._counters.refused(refused.code)
            await refused.response()(scope, receive, answered)
            return
        try:
            if places[0]:
                async with self._turn:  # one form a round of the event loop: refusals and /healthz pass between them
                    await asyncio.sleep(0)
            await self._app(scope, _measured(receive, _most(path, self._settings.limits)), answered)
        finally:
            self.n_admitted -= places[0]
            self.n_batches -= places[1]

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not _is_ours(host, self._settings.host):
            raise Refused("foreign_host", "ask by the address that the server was started with")
        origin = headers.get("origin")
        elsewhere = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if scope["method"] not in ("GET", "HEAD") and (elsewhere or headers.get("sec-fetch-site") == "cross-site"):
            raise Refused("foreign_page", "a page of another site may not ask")
        if self._settings.token and not _OPEN.fullmatch(scope["path"]):
            given = headers.get("authorization", "").removeprefix("Bearer ").strip()
            if not hmac.compare_digest(given.encode("latin-1"), self._settings.token.encode()):
                raise Refused("token", "send Authorization: Bearer <token>")
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > (most := _most(scope["path"], self._settings.limits)):
            raise Refused("too_many_bytes", f"{int(declared):,} are more than {most:,}")

    def _admit(self, waits: bool, is_batch: bool) -> None:
        limits = self._settings.limits
        if (waits and self.n_admitted >= limits.waiting) or (is_batch and self.n_batches >= limits.batches):
            raise Refused("busy", "too many wait already", retry_after_s=max(1, self.n_admitted // 8))
        self.n_admitted += waits
        self.n_batches += is_batch

    def _answering(self, path: str, send: Send) -> Send:
        """`send` with the headers of every answer, which is counted."""

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counters.request(self._route(path), message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache" if path.startswith("/static/") else "no-store")
            await send(message)

        return answered

    def _route(self, path: str) -> str:
        """The path as it is counted: what strangers make up is one."""
        return path if path in self._routes else "/static" if path.startswith("/static/") else "other"


def _most(path: str, limits: Limits) -> int:
    """Bytes of a request's body; base64 takes four for three."""
    return limits.batch_bytes + _ENVELOPE if path == BATCH else limits.picture_bytes * 4 // 3 + _ENVELOPE


def _measured(receive: Receive, most: int) -> Receive:
    """`receive` that counts: a body need not be as long as it says, or say it."""
    taken = 0

    async def measured() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise Refused("too_many_bytes", f"more than {most:,}")
        return message

    return measured


def _is_ours(host: str, bound: str) -> bool:
    """Whether a Host header is one by which this server is meant: this machine, or the address it was bound to.

    A server for everybody (0.0.0.0, ::) is asked by numbers, or by any name: there the token guards it.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if bound in ("0.0.0.0", "::", "") or name in ("localhost", bound.lower()):
        return bool(name)
    try:
        return ipaddress.ip_address(name).is_loopback and _is_loopback(bound)
    except ValueError:
        return False


def _is_loopback(bound: str) -> bool:
    try:
        return bound == "localhost" or ipaddress.ip_address(bound).is_loopback
    except ValueError:
        return False
