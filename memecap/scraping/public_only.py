"""A transport of httpx that connects to public addresses only: the guard of `pictures.fetch` for many requests at once.

A name is resolved where the connection is made, every address of the answer must be public, and the connection goes to
an address that was judged; so neither a redirect nor a name server that changes its mind leads inward.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from memecap.pictures.fetch import Resolve, is_public, resolve


class NotPublicError(Exception):
    """The address is inside a private network."""


class PublicOnly(httpx.AsyncBaseTransport):
    """Requests through httpcore, whose connections are judged."""

    def __init__(self, context: ssl.SSLContext, resolver: Resolve = resolve) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context, max_connections=2, max_keepalive_connections=2, network_backend=_Judged(resolver)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One answer, not yet read. Raises `NotPublicError`, and as httpx does."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        with _as_httpx(request):
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream, request),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any, request: httpx.Request) -> None:
        self._stream, self._request = stream, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx(self._request):
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _as_httpx(request: httpx.Request) -> Any:
    """What httpcore raises, as httpx names it."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise httpx.TransportError(f"{type(error).__name__}: {error}", request=request) from error


class _Judged(httpcore.AnyIOBackend):
    def __init__(self, resolver: Resolve) -> None:
        super().__init__()
        self._resolver = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await asyncio.get_running_loop().run_in_executor(None, self._resolver, host.strip("[]"), port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address: {error}") from error
        if not addresses or not all(map(is_public, addresses)):
            raise NotPublicError(f"{host}:{port} is not a public address")
        for last, address in enumerate(addresses, 1 - len(addresses)):  # of a name with several, one may not answer
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                if last == 0:
                    raise
        raise httpcore.ConnectError("no address")

    async def connect_unix_socket(self, *_arguments: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("no sockets of this machine")
