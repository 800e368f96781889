"""One answer of a server of pictures: its bytes, or why they are not here, as `download.REASONS` names it."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import httpx

from memecap.pictures.check import PictureError
from memecap.scraping.public_only import NotPublicError, PublicOnly

# developers.google.com/search/docs/crawling-indexing/robots-meta-tag; noai and noimageai as img2dataset has them
_FORBIDDING = frozenset({"none", "noindex", "noimageindex", "noai", "noimageai"})
_WITH_VALUES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


def open_client(deadline_s: float, context: ssl.SSLContext, public_only: bool = False) -> httpx.AsyncClient:
    """A worker's own client: httpcore's pool looks at each of its connections on every request.

    One for public addresses only uses no proxy of the environment: behind one, nobody knows what is connected to.
    """
    return httpx.AsyncClient(
        transport=PublicOnly(context) if public_only else None,
        trust_env=not public_only,
        verify=context,
        follow_redirects=True,
        max_redirects=5,
        timeout=httpx.Timeout(deadline_s, connect=min(10.0, deadline_s), pool=None),
        limits=httpx.Limits(max_connections=2, max_keepalive_connections=2),
        headers={"User-Agent": "memecap", "Accept": "image/*", "Accept-Encoding": "identity"},
    )


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
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError, ValueError) as error:
        raise PictureError("bad_url", str(error)[:200]) from error
    except NotPublicError as error:
        raise PictureError("not_public", str(error)) from error
    except httpx.TimeoutException as error:
        raise PictureError("timeout", type(error).__name__) from error
    except httpx.TooManyRedirects as error:
        raise PictureError("refused", "redirected more than 5 times") from error
    except httpx.HTTPError as error:
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
