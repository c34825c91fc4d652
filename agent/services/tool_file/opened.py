"""The operator's tools in one call."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import httpx2

from agent.call.tool import Tool
from agent.services.tool_file.egress import Transport
from agent.services.tool_file.entries import McpEntry, ToolFile
from agent.services.tool_file.http_tools import http_tool

if TYPE_CHECKING:
    from agent.services.tool_file.mcp_tools import McpConnection

CONNECT_S = 5.0
READ_S = 30.0
"""Between two bytes; a tool's own timeout is shorter or bounds the whole."""


def load_clients(file: ToolFile) -> None:
    """Import what calls need for the tools of this file, while there is no call that waits for it.
    The client of MCP servers takes half a second and 16 MB, and so is left out where there is none.
    """
    if file.mcp:
        importlib.import_module("agent.services.tool_file.mcp_tools")


class OwnTools:
    """Opens what a file declares, for one call. Close it when the call is over."""

    def __init__(self, file: ToolFile, certificates: ssl.SSLContext) -> None:
        self._file = file
        self._certificates = certificates
        self._client: httpx2.AsyncClient | None = None
        self._connections: list[McpConnection] = []

    async def open(self, names: Iterable[str]) -> Mapping[str, Tool | None]:
        """The tools of these names that the file declares; None for one whose server is not there
        now. Servers of which no tool is named are not started.
        """
        wanted = frozenset(names) & frozenset(self._file.names)
        tools: dict[str, Tool | None] = {
            entry.name: http_tool(entry, self._http())
            for entry in self._file.http
            if entry.name in wanted
        }
        servers = [server for server in self._file.mcp if wanted & server.tools.keys()]
        self._connections = [self._connection(server) for server in servers]
        for offered in await asyncio.gather(*(one.open() for one in self._connections)):
            tools |= {name: tool for name, tool in offered.items() if name in wanted}
        return tools

    async def aclose(self) -> None:
        """Close every connection, and end the servers that were started."""
        await asyncio.gather(*(one.aclose() for one in self._connections))
        if self._client is not None:
            await self._client.aclose()

    def _connection(self, server: McpEntry) -> McpConnection:
        from agent.services.tool_file.mcp_tools import McpConnection  # see load_clients

        return McpConnection(server, self._file.allowed, self._certificates)

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                transport=Transport(self._file.allowed, self._certificates),
                timeout=httpx2.Timeout(READ_S, connect=CONNECT_S),
                follow_redirects=False,
                trust_env=False,
            )
        return self._client
