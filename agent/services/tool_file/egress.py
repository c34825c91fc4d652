"""Where the operator's tools may connect to: the hosts of their list, at the addresses that these
have at that moment.

Every connection goes through `Network.connect_tcp`, redirects and renewed connections included: a
name is resolved there once, and what is checked is what is connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

_STANDARD_PORTS = frozenset({80, 443})
_ENTRY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class EgressRefused(httpx2.ConnectError):
    """A connection that the operator's list does not allow; nothing was sent."""


@dataclass(frozen=True, slots=True)
class AllowList:
    """Hosts by name. One that is listed with a port may be anywhere, this machine included; one
    without may be reached at the standard ports, and only at public addresses.
    """

    hosts: frozenset[str] = frozenset()
    endpoints: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> AllowList:
        """The list of entries such as `api.example.com` and `crm.internal:8443`.

        Raises:
            ValueError: for an entry that is neither.
        """
        hosts: set[str] = set()
        endpoints: set[tuple[str, int]] = set()
        for entry in entries:
            match = _ENTRY.fullmatch(entry)
            if match is None:
                raise ValueError(f"{entry!r} is no host and no host:port")
            host, port = match[1].strip("[]").lower(), match[2]
            if port is None:
                hosts.add(host)
            else:
                endpoints.add((host, int(port)))
        return cls(frozenset(hosts), frozenset(endpoints))

    def names(self, host: str, port: int) -> bool:
        """Whether this host may be asked for at all."""
        return self.is_exact(host, port) or (host in self.hosts and port in _STANDARD_PORTS)

    def is_exact(self, host: str, port: int) -> bool:
        """Whether it may be at any address."""
        return (host, port) in self.endpoints


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, seen through the ways to write one address in
    another.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        for inner in (address.ipv4_mapped, address.sixtofour):
            if inner is not None:
                return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


class Network(httpcore2.AnyIOBackend):
    """Connects to what the list allows."""

    def __init__(self, allowed: AllowList) -> None:
        self._allowed = allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        *args: Any,
        **options: Any,
    ) -> httpcore2.AsyncNetworkStream:
        """See AsyncNetworkBackend."""
        if not self._allowed.names(host, port):
            raise EgressRefused("the host is not in allow_hosts")
        addresses = await _resolve(host, port, timeout)
        if not self._allowed.is_exact(host, port):
            addresses = [address for address in addresses if is_public(address)]
            if not addresses:
                raise EgressRefused("the host has no public address, and no port in allow_hosts")
        last = len(addresses) - 1
        for number, address in enumerate(addresses):
            try:
                return await super().connect_tcp(str(address), port, timeout, *args, **options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == last:
                    raise
        raise httpcore2.ConnectError("the host has no address")

    async def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore2.AsyncNetworkStream:
        """Never."""
        raise EgressRefused("a socket of this machine is no host")


class Transport(httpx2.AsyncHTTPTransport):
    """HTTP over such a Network; it takes no proxy from the environment."""

    def __init__(self, allowed: AllowList, certificates: ssl.SSLContext) -> None:
        super().__init__(verify=certificates, trust_env=False)
        # httpx2 2.16 takes no network backend, httpcore2, which it stands on, does.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=certificates,
            network_backend=Network(allowed),
            max_connections=10,
            keepalive_expiry=30,
        )


async def _resolve(host: str, port: int, timeout_s: float | None) -> list[Address]:
    try:
        async with asyncio.timeout(timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        raise httpcore2.ConnectTimeout("the name was not resolved in time") from None
    except OSError as error:
        raise httpcore2.ConnectError("the name is not known") from error
    plain = (str(entry[4][0]).partition("%")[0] for entry in found)
    return [ipaddress.ip_address(address) for address in dict.fromkeys(plain)]
