"""OpenAI's realtime session on sockets that are watched, counted and replaced."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError, utils
from livekit.plugins import openai

from agent.pipeline.realtime_link.health import FaultBudget, LinkHealth, LinkOptions

logger = logging.getLogger(__name__)

CLOSE_WAIT_S = 0.5
"""For the answer to our close frame. A peer that is gone gives none."""
RENEW_AT, RENEW_BY = 0.9, 0.98
"""Of the provider's limit: from when a quiet moment is used, and when it is waited for no more."""
PREPARE_S = 10.0
"""Before that, what takes time is done, such as a summary; at most half of the limit."""
QUIET_POLL_S = 0.2
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What the plugin raises on a frame that is no JSON object; it would end the session."""


class WatchedSession(openai.realtime.RealtimeSession):
    """A session whose sockets have a heartbeat, a budget of faults and an end in good time."""

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self.health = LinkHealth()
        self._link = link
        self._budget = FaultBudget(link.faults, link.faults_within_s)
        self._restart_asked = asyncio.Event()
        super().__init__(model, turn_detection_disabled=turn_detection_disabled)

    def restart(self, reason: str) -> None:
        """Go on with a new connection: history, tools, what the caller has just said and a reply
        that is under way are taken along. Returns at once; without a connection it does nothing.
        """
        logger.info("the realtime connection is replaced", extra={"reason": reason})
        self._restart_asked.set()

    async def aclose(self) -> None:
        """End the session. One that has failed said so in an `error` event, and not again here."""
        with contextlib.suppress(APIError):
            await super().aclose()

    def _before_connecting(self) -> None:
        """Called before each attempt to connect."""

    def _connected(self) -> None:
        """Called on each new connection before the plugin's replay."""

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        """Called on each new connection after the plugin's replay, before anything else is sent."""

    def _disconnected(self) -> None:
        """Called when a connection is over, unless the session is."""

    async def _prepare_renewal(self) -> None:
        """Called in good time before a renewal, and cancelled when it is due."""

    def _renewing(self) -> None:
        """Called just before a renewal."""

    def _is_quiet(self) -> bool:
        """Whether nobody would notice a new connection."""
        return not self.has_active_generation

    async def _create_ws_conn(self) -> aiohttp.ClientWebSocketResponse:
        if self._budget.is_exhausted:
            raise APIConnectionError(
                f"the realtime connection failed {self._link.faults} times within"
                f" {self._link.faults_within_s:.0f} s",
                retryable=False,
            )
        self._before_connecting()
        url, headers = self._create_ws_url_and_headers()
        http = self._realtime_model._ensure_http_session()
        try:
            async with asyncio.timeout(self._opts.conn_options.timeout):
                ws_conn = await http.ws_connect(
                    url,
                    headers=headers,
                    heartbeat=self._link.heartbeat_s,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_WAIT_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise APIStatusError(
                "the realtime provider refused the connection", status_code=error.status
            ) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise APIConnectionError("the realtime provider cannot be reached") from error
        self._connected()
        return ws_conn

    async def _run_ws(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        self.health.connections += 1
        self._restart_asked.clear()
        serving = asyncio.create_task(self._serve(ws_conn))
        restarting = asyncio.create_task(self._restart_asked.wait())
        renewing = asyncio.create_task(self._renew())
        try:
            await asyncio.wait({serving, restarting}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        except APIError as error:
            if error.retryable:
                self.health.lost += 1
                self._budget.spend()
            raise
        finally:
            await utils.aio.cancel_and_wait(serving, restarting, renewing)
            await ws_conn.close()
            if not self._closing:
                self._disconnected()

    async def _serve(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        try:
            await self._catch_up(ws_conn)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise APIConnectionError("the realtime connection was lost again") from error
        try:
            await super()._run_ws(ws_conn)
        except UNREADABLE as error:
            raise APIConnectionError("the realtime provider sent what is no event") from error

    async def _renew(self) -> None:
        """Replace the session before the provider ends it, when nobody notices."""
        limit_s = self._link.session_limit_s
        prepare_s = min(PREPARE_S, limit_s / 2)
        await asyncio.sleep(limit_s * RENEW_AT - prepare_s)
        preparing = asyncio.create_task(self._prepare_renewal())
        try:
            await asyncio.sleep(prepare_s)
            await self._wait_for_quiet(limit_s * (RENEW_BY - RENEW_AT))
        finally:
            await utils.aio.cancel_and_wait(preparing)
        self.health.renewed += 1
        self._renewing()
        self.restart("session limit")

    async def _wait_for_quiet(self, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                while not self._is_quiet():  # noqa: ASYNC110 - silence is no event
                    await asyncio.sleep(QUIET_POLL_S)
        except TimeoutError:
            logger.warning("no quiet moment before the realtime session's limit")
