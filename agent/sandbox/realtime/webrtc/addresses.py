"""At which addresses a client may reach the sandbox by WebRTC."""

from __future__ import annotations

from aioice import ice

LOOPBACK = "127.0.0.1"

_of_networks = ice.get_host_addresses


def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """This machine's addresses, and where it is in no network its own: a laptop on a plane has no
    other, and browsers there look nowhere else.
    """
    return _of_networks(use_ipv4, use_ipv6) or [LOOPBACK]


def offer_them() -> None:
    """Have aioice (0.13) offer them; it has no setting for it, and leaves loopback out."""
    ice.get_host_addresses = host_addresses
