"""One answer of a server of pictures: its bytes, or why they are not here, as `download.REASONS` names it.

Every connection passes the guard of `pictures/guard.py`: a list of addresses is other people's, and so is a wall.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import httpcore
import httpx

from memecap.pictures.check import PictureError
from memecap.pictures.guard import FetchError, Guard, GuardedBackend

# developers.google.com/search/docs/crawling-indexing/robots-meta-tag; noai and noimageai as img2dataset has them
_FORBIDDING = frozenset({"none", "noindex", "noimageindex", "noai", "noimageai"})
_WITH_VALUES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})

_BAD_URL = (
    httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpcore.UnsupportedProtocol, httpcore.LocalProtocolError
)  # fmt: skip


def open_client(deadline_s: float, context: ssl.SSLContext, guard: Guard) -> httpx.AsyncClient:
    """A worker's own client: httpcore's pool looks at each of its connections on every request."""
    return httpx.AsyncClient(
        transport=_Guarded(context, guard),
        follow_redirects=True,
        max_redirects=5,
        timeout=httpx.Timeout(deadline_s, connect=min(10.0, deadline_s), pool=None),
        headers={"User-Agent": "memecap", "Accept": "image/*", "Accept-Encoding": "identity"},
    )


class _Guarded(httpx.AsyncBaseTransport):
    """httpx's requests over connections that the guard lets through; it gives no way to choose who connects."""

    def __init__(self, context: ssl.SSLContext, guard: Guard) -> None:
        self._pool = httpcore.AsyncConnectionPool(context, max_connections=2, network_backend=GuardedBackend(guard))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        place = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        response = await self._pool.handle_async_request(
            httpcore.Request(request.method, place, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The blocks of an answer."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


async def get(client: httpx.AsyncClient, url: str, max_bytes: int) -> bytes:
    """The body of one answer. Raises `PictureError`."""
    begun = False
    try:
        async with client.stream("GET", url) as response:
            _check_status(response)
            if forbids(response.headers.get_list("x-robots-tag")):
                raise PictureError("opted_out", ", ".join(response.headers.get_list("x-robots-tag"))[:200])
            if int(response.headers.get("content-length") or 0) > max_bytes:
                raise PictureError("too_many_bytes", response.headers["content-length"])
            body = bytearray()
            async for block in response.aiter_bytes():
                begun = True
                body += block
                if len(body) > max_bytes:
                    raise PictureError("too_many_bytes", f"more than {max_bytes}")
            return bytes(body)
    except FetchError as error:
        raise PictureError("not_public", error.where or "") from error
    except (httpx.InvalidURL, *_BAD_URL, UnicodeError, ValueError) as error:
        raise PictureError("bad_url", str(error)[:200]) from error
    except httpcore.TimeoutException as error:
        raise PictureError("timeout", type(error).__name__) from error
    except httpx.TooManyRedirects as error:
        raise PictureError("refused", "redirected more than 5 times") from error
    except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError) as error:
        reason = "truncated" if begun else "unreachable"
        raise PictureError(reason, f"{type(error).__name__}: {error}"[:200]) from error


def forbids(tags: Sequence[str]) -> bool:
    """Whether headers `X-Robots-Tag` forbid everybody, or memecap, to index or learn from a picture.

    `noindex, noai`, or `memecap: none`: words after somebody else's name are his.
    """
    for tag in tags:
        agent = ""
        for word in tag.casefold().split(","):
            name, colon, rest = word.strip().partition(":")
            if colon and name not in _WITH_VALUES:
                agent, word = name.strip(), rest
            if agent in ("", "memecap") and word.strip() in _FORBIDDING:
                return True
    return False


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    detail = f"HTTP {status}"
    if status in (404, 410):
        raise PictureError("gone", detail)
    if status == 429 or status >= 500:
        raise PictureError("unavailable", detail, after_s=_retry_after(response.headers.get("retry-after", "")))
    raise PictureError("refused", detail)


def _retry_after(value: str) -> float:
    """Seconds to wait: `Retry-After` is a number of seconds or a date."""
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
