"""A web server gives calls to those whom a worker would answer, and to nobody else."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.caller.stack import LiveKitServer, Page, SandboxProvider, Worker

SOON_S = 5.0


def asked(page: Page) -> tuple[int, dict[str, Any]]:
    """The status and the answer to a request for a token."""
    request = urllib.request.Request(f"{page.url}api/token", data=b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def soon(page: Page, status: int) -> dict[str, Any]:
    """The first answer with this status, which comes soon."""
    deadline_s = time.monotonic() + SOON_S
    while (answer := asked(page))[0] != status:
        assert time.monotonic() < deadline_s, answer
        time.sleep(0.1)
    return answer[1]


def test_calls_are_given_from_a_workers_registration_to_its_end(
    tmp_path: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """Through the database that worker and web server share, and nothing else."""
    worker = Worker(tmp_path, {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "duty"})
    shared = {
        "LIVEKIT_AGENT_NAME": "duty",
        "PARLEY_CHECK_WORKERS": "true",
        "PARLEY_DATABASE_URL": worker.database_url,
        "PARLEY_RATE_ADDRESS": "off",
    }
    with Page(tmp_path, {**livekit_server.env, **shared}) as page:
        assert asked(page)[1]["code"] == "no_worker"
        with worker:
            worker.wait_until_registered()
            soon(page, 201)
        assert soon(page, 503)["code"] == "no_worker"
