"""HTTP endpoints as tools, asked of a real server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from agent.call.ledger import as_request
from agent.call.state import CallerIdentity, CallState
from agent.call.tool import Tool
from agent.errors import ProviderError, ToolError
from agent.services.tool_file import OwnTools, ToolFile
from agent.services.tool_file.http_tools import MOST_CHARS
from tests.fakes.business import business_call
from tests.fakes.web import FakeWeb, answering

CERTIFICATES = ssl.create_default_context()
TEXT = {"type": "string"}


def says(body: str, status: int = 200) -> Callable[[web.Request], Any]:
    """Answers with this."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status)

    return answer


@asynccontextmanager
async def tool_at(
    answering_with: Callable[[web.Request], Any], path: str = "/", **fields: Any
) -> AsyncIterator[tuple[Tool, FakeWeb]]:
    """A tool of an entry with these fields, and the server it asks."""
    async with answering(answering_with) as fake:
        entry = {"name": "ask", "description": "Ask.", "url": f"{fake.url}{path}", **fields}
        file = ToolFile.model_validate({"allow_hosts": [fake.host], "http": [entry]})
        own = OwnTools(file, CERTIFICATES)
        try:
            tool = (await own.open(["ask"]))["ask"]
            assert tool is not None
            yield tool, fake
        finally:
            await own.aclose()


def taking(*names: str) -> dict[str, Any]:
    """A schema of required texts."""
    return {"type": "object", "properties": dict.fromkeys(names, TEXT), "required": list(names)}


@pytest.fixture
def call() -> CallState:
    """A call of a verified customer."""
    return business_call(caller=CallerIdentity(identity="anna", customer="c-17"))


async def test_arguments_go_into_the_address_and_the_query(call: CallState) -> None:
    """In the address as one part of it, whatever is in them."""
    async with tool_at(
        says("12 pieces"), "/p/{product}?v=1", parameters=taking("product", "size")
    ) as (
        tool,
        fake,
    ):
        said = await tool.run(call, {"product": "a/b ?ü", "size": "x&y=z"})
    assert said == "12 pieces"
    assert fake.asked[0].target.startswith("/p/a%2Fb%20%3F%C3%BC?")
    assert fake.asked[0].query == {"v": "1", "size": "x&y=z"}


@pytest.mark.parametrize("product", ["..", ".", ""])
async def test_an_argument_cannot_climb_out_of_its_folder(call: CallState, product: str) -> None:
    """Nothing is asked then."""
    async with tool_at(says("x"), "/p/{product}/stock", parameters=taking("product")) as (
        tool,
        fake,
    ):
        with pytest.raises(ToolError):
            await tool.run(call, {"product": product})
        assert fake.asked == []


async def test_a_post_takes_its_arguments_as_json_and_who_calls_from_the_call(
    call: CallState,
) -> None:
    """A model cannot name another customer: the schema has no such argument, the call has."""
    async with tool_at(
        says("ordered"),
        method="POST",
        changes=True,
        parameters=taking("product"),
        from_call={"customer": "caller.customer"},
        headers={"Authorization": "Bearer s3cret"},
    ) as (tool, fake):
        with as_request("call-1:key"):
            await tool.run(call, {"product": "tea"})
    asked = fake.asked[0]
    assert asked.body == {"product": "tea", "customer": "c-17"}
    assert asked.headers["Authorization"] == "Bearer s3cret"
    assert asked.headers["Idempotency-Key"] == "call-1:key"


async def test_a_caller_who_is_not_known_is_to_be_verified() -> None:
    """The service is not asked on behalf of nobody."""
    async with tool_at(says("x"), from_call={"customer": "caller.customer"}) as (tool, fake):
        with pytest.raises(ToolError, match="Verify them first"):
            await tool.run(business_call(), {})
        assert fake.asked == []


async def test_the_words_are_found_in_a_json_answer(call: CallState) -> None:
    """By the path that the operator gives."""
    body = '{"result": [{"text": "Twelve pieces."}]}'
    async with tool_at(says(body), answer="result.0.text") as (tool, _):
        assert await tool.run(call, {}) == "Twelve pieces."


@pytest.mark.parametrize("body", ["nonsense", "{}", '{"result": 3}', '{"result": []}', "[" * 9000])
async def test_an_answer_of_another_shape_is_told_as_such(call: CallState, body: str) -> None:
    """In a sentence for the model."""
    async with tool_at(says(body), answer="result.0.text") as (tool, _):
        with pytest.raises(ToolError, match="not with what was asked for"):
            await tool.run(call, {})


async def test_a_huge_answer_is_cut(call: CallState) -> None:
    """And not read to its end either."""
    async with tool_at(says("x" * 5_000_000)) as (tool, _):
        assert len(await tool.run(call, {})) == MOST_CHARS


async def test_a_redirect_is_not_followed(call: CallState) -> None:
    """The host that answers is the one that was allowed, or none."""

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/other"})

    async with tool_at(elsewhere) as (tool, fake):
        with pytest.raises(ToolError):
            await tool.run(call, {})
        assert len(fake.asked) == 1


def failing(times: int) -> Callable[[web.Request], Any]:
    """Fails that often, then answers."""
    left = [503] * times

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=left.pop() if left else 200, text="at last")

    return answer


async def test_a_lookup_is_tried_again(call: CallState) -> None:
    """Asking twice is as good as asking once."""
    async with tool_at(failing(2)) as (tool, fake):
        assert await tool.run(call, {}) == "at last"
        assert len(fake.asked) == 3


async def test_an_effect_is_not_tried_again_unless_the_operator_says_so(call: CallState) -> None:
    """It may have happened: whoever keeps the ledger is told that this is not known."""
    async with tool_at(failing(1), method="POST", changes=True) as (tool, fake):
        with pytest.raises(ProviderError):
            await tool.run(call, {})
        assert len(fake.asked) == 1
    async with tool_at(failing(1), method="POST", changes=True, idempotent=True) as (tool, fake):
        assert await tool.run(call, {}) == "at last"


async def test_an_effect_that_was_refused_has_not_happened(call: CallState) -> None:
    """The caller can correct it and try again."""
    async with tool_at(says("no", 422), method="POST", changes=True) as (tool, _):
        with pytest.raises(ToolError, match="did not take that"):
            await tool.run(call, {})


async def test_a_server_that_hangs_up_leaves_an_effect_unknown(call: CallState) -> None:
    """And a lookup in words."""

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        await asyncio.sleep(0)
        return web.Response()

    async with tool_at(hang_up, method="POST", changes=True) as (tool, _):
        with pytest.raises(ProviderError):
            await tool.run(call, {})
    async with tool_at(hang_up, method="POST") as (tool, _):
        with pytest.raises(ToolError, match="cannot be reached"):
            await tool.run(call, {})


async def test_a_server_that_is_not_there_has_done_nothing(call: CallState) -> None:
    """That is certain, for an effect too."""
    file = ToolFile.model_validate(
        {
            "allow_hosts": ["127.0.0.1:9"],
            "http": [
                {
                    "name": "ask",
                    "description": "Ask.",
                    "url": "http://127.0.0.1:9/",
                    "method": "POST",
                    "changes": True,
                }
            ],
        }
    )
    own = OwnTools(file, CERTIFICATES)
    gone = (await own.open(["ask"]))["ask"]
    assert gone is not None
    with pytest.raises(ToolError, match="cannot be reached"):
        await gone.run(call, {})
    await own.aclose()


async def test_the_policy_is_the_operators(call: CallState) -> None:
    """With the question made from the arguments, and every answer marked as data."""
    async with tool_at(
        says("x"),
        method="POST",
        changes=True,
        access="verified",
        timeout_s=3,
        confirm="Shall I order {product}?",
        parameters=taking("product"),
    ) as (tool, _):
        policy = tool.policy
    assert (policy.changes, policy.access, policy.timeout_s) == (True, "verified", 3)
    assert policy.outside
    assert policy.confirm is not None
    assert policy.confirm(call, product="tea") == "Shall I order tea?"
