"""Settings and clients for the web server's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from agent.settings import Settings, load_settings
from agent.web.app import create_app

API_KEY = "web-test-key"
API_SECRET = "a-secret-made-for-these-tests-alone"

ENVIRONMENT = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": API_KEY,
    "LIVEKIT_API_SECRET": API_SECRET,
    "OPENAI_API_KEY": "canary-provider-key",
    # No worker runs beside these web servers, and a test asks more often than any caller.
    "PARLEY_CHECK_WORKERS": "false",
    "PARLEY_RATE_ADDRESS": "off",
}


def web_settings(**changes: str) -> Settings:
    """Settings of a web server, with some variables set otherwise."""
    return load_settings({**ENVIRONMENT, **changes})


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A client of a web server in development."""
    with TestClient(create_app(web_settings())) as client:
        yield client


@pytest.fixture
def client_of() -> Callable[..., TestClient]:
    """Makes a client of a web server with other settings."""
    return lambda **changes: TestClient(create_app(web_settings(**changes)))
