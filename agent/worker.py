"""The worker: registers with the LiveKit server under its agent name and accepts calls.

Launchers that take a path (`python -m livekit.agents start agent/worker.py`) find `server` here.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import math
import os
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from livekit import api
from livekit.agents import AgentServer, JobRequest
from livekit.agents.utils import aio
from livekit.agents.worker import WorkerPermissions
from prometheus_client import REGISTRY

from agent import entrypoint
from agent.bootstrap import (
    Checked,
    check_buildable,
    look_after_records,
    prepare_records,
    stay_on_duty,
    store_orders,
)
from agent.call.duty import Duty
from agent.dispatch import offer_waiting_calls
from agent.errors import SettingsError
from agent.pipeline.turns import register_detector
from agent.services.storage.engine import driver_modules
from agent.settings import (
    LiveKitSettings,
    Settings,
    WorkerSettings,
    exit_with_faults,
    load_env_files,
    load_settings,
)
from agent.telemetry.costs import CostCollector
from agent.telemetry.logs import keep_logs_discreet, keep_telemetry_discreet

logger = logging.getLogger(__name__)

ACCESS_TIMEOUT_S = 5.0
OFFER_TIMEOUT_S = 30.0


class Worker(AgentServer):
    """The framework's server, which also looks for waiting callers and remembers a failure.

    The framework logs a failure and exits with 0 all the same, which a supervisor takes for done.
    """

    failed = False

    def __init__(
        self,
        settings: LiveKitSettings,
        *,
        prepare: Callable[[], Awaitable[None]],
        beside: Callable[[], Coroutine[Any, Any, None]],
        costs_folder: Path | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            ws_url=settings.url,
            api_key=settings.api_key.get_secret_value(),
            api_secret=settings.api_secret.get_secret_value(),
            **options,
        )
        self._settings = settings
        self._prepare = prepare
        self._beside = beside
        self._costs_folder = costs_folder
        self._offering: asyncio.Task[None] | None = None
        self._was_registered = False
        self.on("worker_registered", self._look_for_waiting_calls)

    @property
    def takes_calls(self) -> bool:
        """Whether the LiveKit server may send calls: it knows of this one, which goes on."""
        return self._was_registered and not self._connecting and not self.draining

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        """Serve calls until closed, once all is prepared. See AgentServer.run."""
        keep_logs_discreet()
        try:
            await self._prepare()
            if self._costs_folder is not None:
                REGISTRY.register(CostCollector(self._costs_folder))
            beside = asyncio.create_task(self._beside(), name="beside the calls")
            try:
                await super().run(devmode=devmode, unregistered=unregistered)
            finally:
                await aio.cancel_and_wait(beside)
        except Exception:
            self.failed = True
            raise

    def _look_for_waiting_calls(self, *_: object) -> None:
        self._was_registered = True
        self._offering = asyncio.create_task(self._offer_waiting_calls())

    async def _offer_waiting_calls(self) -> None:
        try:
            await asyncio.wait_for(offer_waiting_calls(self._settings), OFFER_TIMEOUT_S)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("could not look for waiting calls: %s", error)


async def check_access(settings: LiveKitSettings) -> None:
    """Ask the LiveKit server whether it takes our key.

    A server that does not answer is no fault: the worker goes on trying, and so it may be started
    before the server is.

    Raises:
        SettingsError: the key is refused, or what answers is not a LiveKit server.
    """
    key, secret = settings.api_key.get_secret_value(), settings.api_secret.get_secret_value()
    try:
        async with api.LiveKitAPI(settings.url, key, secret) as server:
            await asyncio.wait_for(
                server.room.list_rooms(api.ListRoomsRequest(names=["-"])), ACCESS_TIMEOUT_S
            )
    except api.TwirpError as error:
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise SettingsError(
                ["LIVEKIT_API_KEY, LIVEKIT_API_SECRET: the server at LIVEKIT_URL refuses them"]
            ) from error
        if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.NOT_IMPLEMENTED):
            raise SettingsError(["LIVEKIT_URL: what answers there is no LiveKit server"]) from error
        logger.warning("the LiveKit server answers with an error: %s", error.status)
    except (aiohttp.ClientError, TimeoutError, OSError):
        logger.warning("LIVEKIT_URL cannot be reached yet; the worker goes on trying")


def build_server(settings: Settings, checked: Checked) -> Worker:
    """A worker with these settings and what was read by them; it registers when it is run."""
    admission = Admission(settings.worker.calls_at_once)
    costs_folder = _costs_folder(settings.worker)
    server = Worker(
        settings.livekit,
        prepare=partial(_prepare, settings),
        beside=partial(_beside, settings, admission),
        costs_folder=costs_folder,
        host=settings.worker.health_host,
        port=settings.worker.health_port,
        prometheus_port=settings.worker.metrics_port,
        setup_fnc=partial(entrypoint.prewarm, checked=checked, costs_folder=costs_folder),
        load_fnc=admission.load,
        # Admission counts calls itself. The framework's threshold refuses a call while anything
        # else keeps the processor busy, the worker's own start included, and a refused call is
        # never dispatched again.
        load_threshold=math.inf,
        num_idle_processes=settings.worker.idle_processes,
        # Loaded once and shared by all job processes, so that a call starts sooner.
        preload_modules=["agent.preload", *driver_modules(settings.database)],
        initialize_process_timeout=settings.worker.process_start_timeout_s,
        drain_timeout=settings.worker.drain_timeout_s,
        job_memory_limit_mb=settings.worker.job_memory_limit_mb,
        permissions=WorkerPermissions(can_update_metadata=True, hidden=False),
    )
    admission.server = server
    server.rtc_session(
        entrypoint.answer_call,
        agent_name=settings.livekit.agent_name,
        on_request=admission.decide,
        on_session_end=entrypoint.end_call,
    )
    return server


def _costs_folder(settings: WorkerSettings) -> Path | None:
    """An empty folder for as long as this process lives; None where nobody asks for metrics."""
    if settings.metrics_port is None:
        return None
    folder = tempfile.TemporaryDirectory(prefix="parley-costs-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return Path(folder.name)


async def _prepare(settings: Settings) -> None:
    await prepare_records(settings)
    await store_orders(settings)


async def _beside(settings: Settings, admission: Admission) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(look_after_records(settings), name="looking after records")
        tasks.create_task(stay_on_duty(settings, admission.duty), name="staying on duty")


class Admission:
    """Decides whether this worker takes one more call."""

    def __init__(self, calls_at_once: int) -> None:
        self.server: Worker | None = None
        self._calls_at_once = calls_at_once
        self._accepting = 0

    def load(self, server: AgentServer) -> float:
        """The share of calls taken, 0 to 1; the LiveKit server prefers the least."""
        return min(1.0, self._calls(server) / self._calls_at_once)

    def duty(self) -> Duty:
        """How the worker is now."""
        if self.server is None:
            return Duty(0, self._calls_at_once, takes_calls=False)
        return Duty(self._calls(self.server), self._calls_at_once, self.server.takes_calls)

    async def decide(self, request: JobRequest) -> None:
        """Accept the call, or leave it to another worker when this one is full."""
        if self.server is None or self.load(self.server) >= 1.0:
            await request.reject(terminate=False)
            return
        self._accepting += 1
        try:
            await request.accept(name="Parley")
        finally:
            self._accepting -= 1

    def _calls(self, server: AgentServer) -> int:
        return len(server.active_jobs) + self._accepting


def _from_environment() -> tuple[Settings, Worker]:
    try:
        load_env_files()
        keep_telemetry_discreet(os.environ)
        settings = load_settings(os.environ)
        checked = check_buildable(settings)
    except SettingsError as error:
        exit_with_faults(error)
    register_detector(settings.turns.detection)
    return settings, build_server(settings, checked)


settings, server = _from_environment()
