"""MCP servers as tools, by the framework's own client."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx2
from livekit.agents.llm import ToolError as FrameworkToolError
from livekit.agents.llm.mcp import (
    MCPServer,
    MCPServerHTTP,
    MCPServerStdio,
    MCPTool,
    MCPToolResultContext,
)
from mcp import MCPError
from mcp.types import CONNECTION_CLOSED, INVALID_REQUEST

from agent.call.state import CallState
from agent.call.tool import Tool
from agent.errors import ProviderError, ToolError
from agent.services.tool_file.egress import AllowList, Transport
from agent.services.tool_file.entries import McpEntry, McpToolEntry
from agent.services.tool_file.http_tools import MOST_CHARS, policy_of

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 6.0
"""The protocol's own steps of ending a server's process take up to 5 s."""

_LOST = frozenset({CONNECTION_CLOSED, INVALID_REQUEST})
"""The connection's end, and that of a session over HTTP."""

_DOWN = "That service cannot be reached now. Say so, and offer to try again later."
_FAILED = "The service could not do that. Check the details with the caller."


class McpConnection:
    """One server of the operator's, for one call. Close it at the end, opened or not."""

    def __init__(self, entry: McpEntry, allowed: AllowList, certificates: ssl.SSLContext) -> None:
        self._entry = entry
        self._build = partial(_server_of, entry, allowed, certificates)
        self._server = self._build()
        self._is_lost = False
        self._opening = asyncio.Lock()
        self._tools: Mapping[str, MCPTool[Any, Any]] = {}

    async def open(self) -> Mapping[str, Tool | None]:
        """The tools that the operator allows, by name; None for one that cannot be had."""
        try:
            await self._connect()
        except Exception:  # whatever a foreign program does, the call goes on
            logger.warning(
                "an MCP server did not start",
                extra={"server": self._entry.name},
                exc_info=True,
            )
            return dict.fromkeys(self._entry.tools)
        for name in self._entry.tools:
            if name not in self._tools:
                logger.warning(
                    "an MCP server lacks a tool", extra={"server": self._entry.name, "tool": name}
                )
        return {name: self._declare(name, entry) for name, entry in self._entry.tools.items()}

    async def aclose(self) -> None:
        """End the connection, and the server where it was started here."""
        await self._close(self._server)

    async def _close(self, server: MCPServer) -> None:
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await server.aclose()
        except Exception:  # the edge: a foreign program ends as it likes
            logger.info(
                "an MCP server did not end well",
                extra={"server": self._entry.name},
                exc_info=True,
            )

    async def _connect(self) -> None:
        async with self._opening, asyncio.timeout(self._entry.start_timeout_s):
            if self._is_lost:
                # The framework's client does not notice that its server is gone.
                lost, self._server, self._is_lost = self._server, self._build(), False
                await self._close(lost)
            if not self._server.initialized:
                await self._server.initialize()
                self._server.invalidate_cache()
                offered = await self._server.list_tools()
                self._tools = {tool.info.name: tool for tool in offered}

    def _declare(self, name: str, entry: McpToolEntry) -> Tool | None:
        if name not in self._tools:
            return None
        schema = self._tools[name].info.raw_schema

        async def run(call: CallState, given: Mapping[str, Any]) -> str:
            return await self._call(name, entry, given)

        return Tool(
            name=name,
            description=entry.description or str(schema.get("description") or ""),
            parameters=schema["parameters"],
            run=run,
            policy=policy_of(entry),
        )

    async def _call(self, name: str, entry: McpToolEntry, given: Mapping[str, Any]) -> str:
        try:
            await self._connect()
            tool = self._tools[name]
        except Exception:  # the same
            logger.warning(
                "an MCP server is gone", extra={"server": self._entry.name}, exc_info=True
            )
            raise ToolError(_DOWN) from None
        try:
            return str(await tool(raw_arguments=dict(given)))[:MOST_CHARS]
        except FrameworkToolError as error:
            if entry.changes:
                raise ToolError(_FAILED) from None
            # As an answer, since it is data: an error would be read as an instruction.
            return f"It did not work: {error.message}"[:MOST_CHARS]
        except (MCPError, httpx2.HTTPError, OSError) as error:
            self._is_lost |= isinstance(error, MCPError) and error.code in _LOST
            if entry.changes:
                raise ProviderError("an effect may have happened", retryable=False) from None
            raise ToolError(_DOWN) from None


class _GuardedHTTP(MCPServerHTTP):
    """A server at an address, reached over the operator's network alone."""

    def __init__(
        self, url: str, *, allowed: AllowList, certificates: ssl.SSLContext, **options: Any
    ) -> None:
        super().__init__(url, **options)
        self._allowed = allowed
        self._certificates = certificates

    def _create_http_client(
        self,
        headers: dict[str, Any] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        self._http_client = httpx2.AsyncClient(
            transport=Transport(self._allowed, self._certificates),
            timeout=timeout or httpx2.Timeout(self._timeout, read=self._sse_read_timeout),
            headers=headers if headers is not None else self._headers,
            auth=auth,
            trust_env=False,
        )
        return self._http_client


def _server_of(entry: McpEntry, allowed: AllowList, certificates: ssl.SSLContext) -> MCPServer:
    longest_s = max(tool.timeout_s for tool in entry.tools.values())
    if entry.command is not None:
        command, *arguments = entry.command
        return MCPServerStdio(
            command,
            arguments,
            env=entry.env,
            cwd=entry.folder,
            client_session_timeout_seconds=longest_s,
            tool_result_resolver=_words,
        )
    return _GuardedHTTP(
        entry.url or "",
        allowed=allowed,
        certificates=certificates,
        transport_type="sse"
        if httpx2.URL(entry.url or "").path.endswith("/sse")
        else "streamable_http",
        headers=dict(entry.headers),
        timeout=entry.start_timeout_s,
        client_session_timeout_seconds=longest_s,
        tool_result_resolver=_words,
    )


def _words(result: MCPToolResultContext) -> str:
    """What of a result can be said; pictures and sounds cannot."""
    parts = (getattr(part, "text", "") for part in result.result.content)
    return "\n".join(part for part in parts if part) or "Done; the service had nothing to say."
