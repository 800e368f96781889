"""The one guard of every picture that is fetched by its address: which addresses may be connected to.

It stands where a connection is made: the name is resolved there, once, every address of the answer must be public, or
allowed, and the connection goes to an address that was judged, so that a second answer of a name server changes
nothing. A redirect is a new connection and is judged like the first.
Limits: what a server in a private network shows to everybody can still be fetched where its address is public.
Source: RFC 6890 and IANA's registries of special addresses, as `ipaddress` keeps them; RFC 6052 for 64:ff9b::/96.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore

from memecap.errors import ServiceError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: host, port → the addresses that the name has, as text
Resolve = Callable[[str, int], list[str]]

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address stands in its last 32 bits


class FetchError(ServiceError):
    """Why there are no bytes; `code` is one of url_invalid, url_not_public, url_unreachable, url_refused,
    url_too_large, url_timeout, url_redirects."""

    def __init__(self, code: str, what: str, *, where: str) -> None:
        super().__init__(what, where=where, fix="Save the picture and give the file.")
        self.code = code


def is_public(address: str) -> bool:
    """Whether anybody on the internet has this address; addresses that carry another one inside them are not it, but
    for those by which networks without IPv4 reach it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found in _TRANSLATED:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.ipv4_mapped or found.sixtofour or found.teredo:
            return False
    special = found.is_multicast or found.is_reserved or found.is_link_local or found.is_unspecified
    return found.is_global and not special and not getattr(found, "is_site_local", False)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system's resolver; numbers in any of their spellings are names, too."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def networks_of(url: str) -> tuple[Network, ...]:
    """The addresses of a server that its user has named, to be allowed; none where it has none."""
    try:
        return tuple(ipaddress.ip_network(address) for address in resolve(urlsplit(url).hostname or "", 0))
    except (OSError, UnicodeError, ValueError):
        return ()


class Guard:
    """Which addresses of a name may be connected to.

    Args:
        resolver: how names are resolved.
        allowed: addresses, or networks, that may be connected to though they are not public.
    """

    def __init__(self, resolver: Resolve = resolve, allowed: Iterable[str | Network] = ()) -> None:
        self._resolver = resolver
        self._allowed = tuple(ipaddress.ip_network(entry) for entry in allowed)

    def judged(self, host: str, port: int) -> list[str]:
        """The addresses of a name, asked for once. Raises `FetchError` url_not_public, or `httpcore.ConnectError`."""
        try:
            addresses = self._resolver(host.strip("[]"), port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address: {error}") from error
        if not addresses:
            raise httpcore.ConnectError("no address")
        if not all(self._is_allowed(address) or is_public(address) for address in addresses):
            raise FetchError("url_not_public", "the address is not a public one", where=f"{host}:{port}")
        return addresses

    def _is_allowed(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._allowed)


class GuardedBackend(httpcore.AnyIOBackend):
    """What connects for many downloads at once."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await asyncio.to_thread(self._guard.judged, host, port)
        for last, address in enumerate(addresses, 1 - len(addresses)):  # of a name with several, one may not answer
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == 0:
                    raise
        raise httpcore.ConnectError("no address")

    async def connect_unix_socket(self, *_arguments: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("no sockets of this machine")
