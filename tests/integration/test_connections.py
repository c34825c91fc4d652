"""HTTP connections to a provider, against a server that counts them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from agent.pipeline.connections import CONNECTIONS_EACH, Connections, load_certificates
from agent.pipeline.parts import Account


@dataclass
class Server:
    """A provider on loopback: who connected, and how often it was asked."""

    account: Account = field(init=False)
    peers: set[object] = field(default_factory=set)
    requests: int = 0
    warmed: asyncio.Event = field(default_factory=asyncio.Event)
    """Like a real one, it has not answered the first before the last of those that warm asks."""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        self.requests += 1
        if self.requests >= CONNECTIONS_EACH:
            self.warmed.set()
        await self.warmed.wait()
        return web.json_response({"object": "list", "data": []})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/v1/models", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.account = Account(f"http://127.0.0.1:{port}/v1", "key")
    yield server
    await runner.cleanup()


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    connections = Connections(load_certificates())
    yield connections
    await connections.aclose()


async def test_parts_of_one_account_share_a_client(
    connections: Connections, server: Server
) -> None:
    """Another account gets one of its own: keys do not mix."""
    other = Account(server.account.base_url, "another key")
    assert connections.client(server.account) is connections.client(server.account)
    assert connections.client(other) is not connections.client(server.account)


async def test_requests_use_the_connections_that_were_opened_ahead(
    connections: Connections, server: Server
) -> None:
    """The first turn pays for no handshake."""
    client = connections.client(server.account)
    await connections.warm()
    opened = set(server.peers)
    assert len(opened) == CONNECTIONS_EACH
    for _ in range(3):
        await client.models.list()
    assert server.peers == opened


async def test_a_provider_that_is_away_does_not_hurt_the_call(connections: Connections) -> None:
    """The turn that needs it will tell; warming only tries."""
    connections.client(Account("http://127.0.0.1:9/v1", "key"))
    await connections.warm()


async def test_a_call_without_http_providers_has_nothing_to_warm() -> None:
    """The realtime pipeline brings its own connection."""
    connections = Connections(load_certificates())
    connections.start()
    await connections.aclose()
