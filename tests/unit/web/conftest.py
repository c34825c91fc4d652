"""A web server over records of calls, and clients that ask it for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings, load_settings
from agent.web.app import create_app
from agent.web.operators import Operator, Role, make_token
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of

SECRET = "an-operators-secret-made-for-tests-alone, long enough for HS512 too"
LIVEKIT_SECRET = "a-livekit-secret-made-for-tests-alone"
HERE = "http://127.0.0.1:8000"

Connect = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


def bearer(token: str) -> dict[str, str]:
    """The headers of somebody with a token."""
    return {"Authorization": f"Bearer {token}"}


def headers_of(role: Role, name: str = "grace") -> dict[str, str]:
    """The headers of an operator."""
    return bearer(make_token(Operator(name, role), SECRET, lasts=timedelta(minutes=5)))


@pytest.fixture
def settings(tmp_path: Path) -> DatabaseSettings:
    """Of a database that is not there yet."""
    return DatabaseSettings(url=f"sqlite:///{tmp_path}/parley.sqlite3")


@pytest.fixture
def store(database: Database) -> CallStore:
    """The records in it."""
    return CallStore(database)


@pytest.fixture
async def one_call(store: CallStore) -> str:
    """The id of a call that is recorded."""
    await store.append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    return HEADER.call_id


@pytest.fixture
def connect(settings: DatabaseSettings, tmp_path: Path) -> Connect:
    """Makes a client of a web server in production with an operators' secret; takes variables that
    are set otherwise, from where it connects and what it takes the server's address for.
    """

    @asynccontextmanager
    async def connect(
        *, peer: str = "127.0.0.1", url: str = HERE, **changes: str
    ) -> AsyncIterator[httpx2.AsyncClient]:
        environment = {
            "LIVEKIT_URL": "ws://127.0.0.1:7880",
            "LIVEKIT_API_KEY": "web-test-key",
            "LIVEKIT_API_SECRET": LIVEKIT_SECRET,
            "OPENAI_API_KEY": "canary-provider-key",
            "PARLEY_ENV": "production",
            "PARLEY_ADMISSION": "nobody",
            "PARLEY_OPERATOR_SECRET": SECRET,
            "PARLEY_DATABASE_URL": settings.url.get_secret_value(),
            "PARLEY_SPOOL_DIR": str(tmp_path / "spool"),
            "PARLEY_AUDIO_DIR": str(tmp_path / "audio"),
            **changes,
        }
        app = create_app(load_settings(environment))
        transport = httpx2.ASGITransport(app=app, client=(peer, 40_000))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url=url) as client,
        ):
            yield client

    return connect
