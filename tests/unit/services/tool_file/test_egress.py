"""Where tools may connect to."""

from __future__ import annotations

import ipaddress
import ssl

import httpx2
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from agent.services.tool_file.egress import AllowList, EgressRefused, Transport, is_public
from tests.fakes.web import answering

CERTIFICATES = ssl.create_default_context()


async def ok(_: web.Request) -> web.StreamResponse:
    """An answer."""
    return web.Response(text="hello")


async def get(allowed: AllowList, url: str, **options: object) -> str:
    """What a client on that network gets."""
    async with httpx2.AsyncClient(
        transport=Transport(allowed, CERTIFICATES), timeout=5, trust_env=False
    ) as client:
        return (await client.get(url, **options)).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:53aa:64c:0:0:80ff:fffe",
    ],
)
def test_private_addresses_are_seen_through_every_disguise(address: str) -> None:
    """Mapped, translated and tunnelled ones included."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    """Or no tool would work."""
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_no_more_public_written_as_another(address: ipaddress.IPv4Address) -> None:
    """The disguise changes nothing."""
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
    assert is_public(mapped) == is_public(address) == is_public(translated)


async def test_a_host_with_its_port_may_be_on_this_machine() -> None:
    """The operator wrote it down as such."""
    async with answering(ok) as fake:
        assert await get(AllowList.of([fake.host]), fake.url) == "hello"


async def test_a_host_without_a_port_may_not_be_on_this_machine() -> None:
    """However its name is resolved at that moment: what is checked is what is connected to."""
    allowed = AllowList.of(["localhost"])
    with pytest.raises(EgressRefused, match="no public address"):
        await get(allowed, "http://localhost/")


async def test_a_host_that_is_not_listed_is_not_connected_to() -> None:
    """Whatever asks for it, a redirect included."""

    async def redirect(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": other.url})

    async with answering(ok) as other, answering(redirect) as fake:
        with pytest.raises(EgressRefused, match="allow_hosts"):
            await get(AllowList.of([fake.host]), fake.url, follow_redirects=True)
        assert other.asked == []


async def test_another_port_of_a_listed_host_is_another_host() -> None:
    """A service beside the one that is meant is not reached."""
    async with answering(ok) as other, answering(ok) as fake:
        with pytest.raises(EgressRefused):
            await get(AllowList.of([fake.host]), other.url)


@pytest.mark.parametrize(
    "entry", ["", "*", "*.example.com", "https://a.b", "a.b/c", "u@a.b", "a b"]
)
def test_what_is_no_host_is_refused(entry: str) -> None:
    """A pattern would allow what nobody meant."""
    with pytest.raises(ValueError, match="is no host"):
        AllowList.of([entry])
