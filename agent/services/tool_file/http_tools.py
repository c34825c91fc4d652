"""HTTP endpoints as tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import stamina

from agent.call.ledger import request_key
from agent.call.state import CallState
from agent.call.tool import Tool, ToolPolicy
from agent.errors import ProviderError, ToolError
from agent.services.bounded import read_at_most
from agent.services.tool_file.egress import EgressRefused
from agent.services.tool_file.entries import HttpEntry, PolicyEntry
from agent.services.tool_file.templates import as_text, fill, value_of_call

ATTEMPTS = 3
MOST_BYTES = 256 * 1024
MOST_CHARS = 4_000
"""Of an answer; nobody listens to more, and a model should not read more."""

_DOWN = "That service cannot be reached now. Say so, and offer to try again later."
_IN_QUERY = frozenset({"GET", "DELETE"})


def http_tool(entry: HttpEntry, client: httpx2.AsyncClient) -> Tool:
    """The tool of an entry. The client must be one that connects only where the operator allows,
    and follows no redirects.
    """

    async def run(call: CallState, given: Mapping[str, Any]) -> str:
        return await _Request(entry, client).answer(call, given)

    return Tool(
        name=entry.name,
        description=entry.description,
        parameters=entry.parameters,
        run=run,
        policy=policy_of(entry),
    )


def policy_of(entry: PolicyEntry) -> ToolPolicy:
    """The policy that an entry declares."""

    def question(call: CallState, **given: Any) -> str:
        return fill(entry.confirm, call, given)

    return ToolPolicy(
        changes=entry.changes,
        timeout_s=entry.timeout_s,
        interruptible=entry.interruptible,
        confirm=question if entry.confirm else None,
        approval=entry.approval,
        access=entry.access,
        cost=entry.cost,
        background=entry.background,
        acknowledgement=entry.acknowledgement,
        outside=True,
    )


class _Request:
    def __init__(self, entry: HttpEntry, client: httpx2.AsyncClient) -> None:
        self._entry = entry
        self._client = client

    async def answer(self, call: CallState, given: Mapping[str, Any]) -> str:
        """The words in the service's answer.

        Raises:
            ToolError: when it has none, and nothing has happened.
            ProviderError: when it was asked for an effect, and did not say what became of it.
        """
        request = self._build(call, given)
        try:
            status, body = await self._ask(request)
        except (EgressRefused, httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            raise ToolError(_DOWN) from None
        except httpx2.HTTPError:
            raise self._no_answer() from None
        if status in (404, 410):
            raise ToolError("Nothing was found. Check what the caller said, and ask again.")
        if 400 <= status < 500 and status not in (408, 425, 429):
            raise ToolError("The service did not take that. Check the details with the caller.")
        if status >= 300:
            raise self._no_answer()
        return _words(body, self._entry.answer)

    def _no_answer(self) -> Exception:
        if not self._entry.changes:
            return ToolError(_DOWN)
        return ProviderError("an effect was asked for, and may have happened", retryable=False)

    def _build(self, call: CallState, given: Mapping[str, Any]) -> httpx2.Request:
        entry = self._entry
        address = httpx2.URL(fill(entry.url, call, given, _segment))
        rest = {name: value for name, value in given.items() if f"{{{name}}}" not in entry.url}
        rest |= {name: value_of_call(source, call) for name, source in entry.from_call.items()}
        headers = dict(entry.headers)
        if entry.changes and (key := request_key()) is not None:
            headers.setdefault("Idempotency-Key", key)
        if entry.method not in _IN_QUERY:
            return self._client.build_request(entry.method, address, json=rest, headers=headers)
        query = {name: as_text(value) for name, value in rest.items() if value is not None}
        return self._client.build_request(
            entry.method, address.copy_merge_params(query) if query else address, headers=headers
        )

    async def _ask(self, request: httpx2.Request) -> tuple[int, bytes]:
        attempts = ATTEMPTS if self._entry.may_be_repeated else 1
        async for attempt in stamina.retry_context(
            on=_may_pass, attempts=attempts, wait_initial=0.1, wait_max=0.5, timeout=None
        ):
            with attempt:
                response = await self._client.send(request, stream=True)
                try:
                    if _is_passing(response.status_code) and attempt.num < attempts:
                        response.raise_for_status()
                    return response.status_code, await read_at_most(response, MOST_BYTES)
                finally:
                    await response.aclose()
        raise AssertionError("unreachable")


def _segment(value: str) -> str:
    """A value as a part of an address, from which it cannot break out.

    Raises:
        ToolError: for one that would mean the folder above.
    """
    if not value or set(value) <= {"."}:
        raise ToolError("That cannot be looked up. Ask the caller for it again.")
    return quote(value, safe="")


def _is_passing(status: int) -> bool:
    return status in (408, 425, 429) or status >= 500


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, EgressRefused):
        return False
    return isinstance(error, (httpx2.TransportError, httpx2.HTTPStatusError))


def _words(body: bytes, path: str) -> str:
    text = body.decode("utf-8", "replace")
    if path:
        try:
            text = as_text(_at(json.loads(text), path))
        except (ValueError, LookupError, TypeError, RecursionError):
            raise ToolError("The service answered, but not with what was asked for.") from None
    text = text.strip()[:MOST_CHARS]
    return text or "Done; the service had nothing to say."


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
