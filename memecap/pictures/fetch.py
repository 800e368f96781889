"""A URL of a picture that a person names → its bytes, past the guard (`guard.py`).

Proxies of the environment are not used: behind one, nobody here would know what is connected to.
Limits: http and https on their own ports or one above 1023, `REDIRECTS` redirects, bytes, and seconds in all.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from memecap.pictures.guard import FetchError, Guard, Network, Resolve, resolve

MAX_BYTES, TIMEOUT_S, REDIRECTS = 25_000_000, 20.0, 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "memecap", "Accept": "image/*", "Accept-Encoding": "identity"}


def is_url(source: object) -> bool:
    """Whether this names a picture by its address."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def fetch(
    url: str,
    *,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
    resolver: Resolve = resolve,
    allowed: Iterable[str | Network] = (),
) -> bytes:
    """The bytes at a URL.

    Args:
        timeout_s: for all of it, redirects included.
        resolver: how names are resolved.
        allowed: addresses, or networks, that may be connected to though they are not public.

    Raises:
        FetchError: with its code.
    """
    deadline = time.monotonic() + timeout_s
    backend = _Guarded(Guard(resolver, allowed), deadline)
    with _told(url), httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=backend) as pool:
        place = _parse(url, url)
        for _ in range(REDIRECTS + 1):
            headers = {"Host": place.netloc.decode(), **_HEADERS}
            with pool.stream("GET", str(place), headers=list(headers.items())) as response:
                if response.status not in _MOVED:
                    return _body(response, url, max_bytes)
                target = _headers(response).get("location", "")
            place = _parse(_joined(place, target, url), url)
    raise FetchError("url_redirects", f"redirected more than {REDIRECTS} times", where=url)


def _parse(address: str, where: str) -> httpx.URL:
    """The URL, where it is one that may be opened."""
    if any(character <= " " or character in "\\\x7f" for character in address):
        raise FetchError("url_invalid", "a URL holds no spaces, controls or backslashes", where=where)
    try:
        url = httpx.URL(address)
        port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchError("url_invalid", f"not a URL: {error}", where=where) from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        what = "only http and https without a user's name are opened"
        raise FetchError("url_invalid", what, where=where)
    if port not in (80, 443) and not 1024 <= port <= 65535:
        raise FetchError("url_invalid", f"port {port} serves no pictures", where=where)
    return url


def _joined(place: httpx.URL, target: str, where: str) -> str:
    try:
        return str(place.join(target))
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchError("url_invalid", f"redirected to what is no URL: {error}", where=where) from error


def _body(response: httpcore.Response, url: str, max_bytes: int) -> bytes:
    if response.status != 200:
        raise FetchError("url_refused", f"the server answered {response.status}", where=url)
    declared = _headers(response).get("content-length", "0")
    body = bytearray()
    if declared.isdigit() and int(declared) <= max_bytes:
        for block in response.iter_stream():
            body += block
            if len(body) > max_bytes:
                break
        else:
            return bytes(body)
    raise FetchError("url_too_large", f"more than {max_bytes:,} bytes", where=url)


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What the connection raises, as a `FetchError`."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise FetchError("url_timeout", "the server took too long", where=url) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise FetchError("url_unreachable", f"cannot be reached: {type(error).__name__}", where=url) from error


class _Guarded(httpcore.SyncBackend):
    """Connects to public addresses only, and until the deadline."""

    def __init__(self, guard: Guard, deadline: float) -> None:
        self._guard, self._deadline = guard, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._guard.judged(host, port)
        for last, address in enumerate(addresses, 1 - len(addresses)):  # of a name with several, one may not answer
            try:
                left = _left(self._deadline)
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
                return _Timed(stream, self._deadline)
            except httpcore.ConnectError:
                if last == 0:
                    raise
        raise httpcore.ConnectError("no address")

    def connect_unix_socket(self, *_arguments: Any, **_options: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("no sockets of this machine")


class _Timed(httpcore.NetworkStream):
    """A connection whose every step ends at one deadline: a server that drips a byte a second ends there, too."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    if (seconds := deadline - time.monotonic()) <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return seconds
