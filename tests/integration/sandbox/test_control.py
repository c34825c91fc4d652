"""`/control`: another script while the sandbox runs."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.integration.sandbox.conftest import Sandbox, StartSandbox

HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
async def controlled(start_sandbox: StartSandbox) -> Sandbox:
    """A sandbox that may be controlled."""
    return await start_sandbox(control=True)


async def request(
    sandbox: Sandbox, method: str, path: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    url = f"http://127.0.0.1:{sandbox.port}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_posted_plan_is_played(controlled: Sandbox) -> None:
    """Replies and faults of a plan in JSON befall the next requests, and are counted."""
    plan = {
        "replies": [{"text": "As scripted."}],
        "faults": [{"on": "chat", "kind": "status", "status": 503}],
    }
    assert (await request(controlled, "POST", "/control", plan))[0] == 200
    assert (await request(controlled, "POST", "/v1/chat/completions", HELLO))[0] == 503
    _, completion = await request(controlled, "POST", "/v1/chat/completions", HELLO)
    assert completion["choices"][0]["message"]["content"] == "As scripted."
    status, counts = await request(controlled, "GET", "/control")
    assert status == 200
    assert counts == {"requests": {"chat": 2}, "taken": {"faults": 1, "replies": 1}}


async def test_a_wrong_plan_changes_nothing(controlled: Sandbox) -> None:
    """A plan with a wrong field is a 400 that names it, and the plan before stays in force."""
    await request(controlled, "POST", "/control", {"replies": [{"text": "First.", "times": 0}]})
    status, answer = await request(
        controlled, "POST", "/control", {"faults": [{"on": "chat", "kind": "explode"}]}
    )
    assert status == 400
    assert answer["error"]["param"] == "faults[0].kind"
    _, completion = await request(controlled, "POST", "/v1/chat/completions", HELLO)
    assert completion["choices"][0]["message"]["content"] == "First."


async def test_control_is_off_unless_asked_for(sandbox: Sandbox) -> None:
    """Without --control nobody can script the sandbox."""
    assert (await request(sandbox, "POST", "/control", {}))[0] == 404
