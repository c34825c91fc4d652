"""From where a request comes, and who may say so."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.web.admission.address import ClientAddress
from tests.unit.web.admission.requests import request

PROXIES = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "192.0.2.7/32", "fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "198.51.100.1, 192.0.2.7", "198.51.100.1"),
        ("10.1.1.1", "1.2.3.4, nonsense, 10.2.2.2", "10.2.2.2"),
        ("10.1.1.1", "nonsense", "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("10.1.1.1", "198.51.100.1:443", "198.51.100.1"),
        ("10.1.1.1", "[2001:db8::1]:443", "2001:db8::/64"),
        ("10.1.1.1", None, "10.1.1.1"),
        ("::ffff:10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:0:1:aaaa::1", None, "2001:db8:0:1::/64"),
        ("fd00::1", "2001:db8:0:1:bbbb::2", "2001:db8:0:1::/64"),
        ("testclient", "198.51.100.1", "unknown"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    peer: str, forwarded: str | None, address: str
) -> None:
    """The last hop that is not ours counts; what stands before it, anybody may have written."""
    headers = {} if forwarded is None else {"X_Forwarded_For": forwarded}
    assert ClientAddress(PROXIES).of(request(peer=peer, **headers)) == address


def test_by_default_nobody_is_trusted() -> None:
    """Not even who is on the same machine."""
    asked = request(peer="127.0.0.1", X_Forwarded_For="198.51.100.1")
    assert ClientAddress([]).of(asked) == "127.0.0.1"


@given(st.text(max_size=200))
def test_no_header_breaks_it(value: str) -> None:
    """It names an address or the proxy's own."""
    asked = request(peer="10.1.1.1")
    asked.scope["headers"] = [(b"x-forwarded-for", value.encode("utf-8", "replace"))]
    assert ClientAddress(PROXIES).of(asked)
