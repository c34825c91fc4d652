"""From which address a request comes, past the proxies that are ours."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.requests import HTTPConnection

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "unknown"
MAX_HOPS = 20


class ClientAddress:
    """Tells whose address to count by. `X-Forwarded-For` is believed as far as trusted proxies
    wrote it, read from its end: what stands before that, a client may have written.
    """

    def __init__(self, trusted_proxies: Sequence[IPNetwork]) -> None:
        self._trusted = tuple(trusted_proxies)

    def of(self, request: HTTPConnection) -> str:
        """The address; of IPv6 the network of 64 bits, all of which one customer has."""
        hop = request.client.host if request.client is not None else ""
        address = _parse(hop)
        if address is not None and self._is_trusted(address):
            for each in reversed(_forwarded_for(request)[-MAX_HOPS:]):
                if (further := _parse(each)) is None:
                    break
                address = further
                if not self._is_trusted(address):
                    break
        return _counted(address)

    def _is_trusted(self, address: IPAddress) -> bool:
        return any(address in network for network in self._trusted)


def _forwarded_for(request: HTTPConnection) -> list[str]:
    return [
        hop.strip()
        for line in request.headers.getlist("X-Forwarded-For")
        for hop in line.split(",")
    ]


def _parse(text: str) -> IPAddress | None:
    # Some proxies add the port.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _counted(address: IPAddress | None) -> str:
    if address is None:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
