"""Who is told what happens in a call: its clients, the operator's servers, and their functions."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from livekit import rtc

from agent.bootstrap.actions import CallActions
from agent.bootstrap.call import Call
from agent.bootstrap.opening import Opening
from agent.bootstrap.webhooks import build_webhooks, webhook_client
from agent.publishing.account import Account
from agent.publishing.asked import ClientRequests
from agent.publishing.listeners import Listeners, Registered
from agent.publishing.room import RoomFeed
from agent.publishing.wording import Wording
from agent.records.redaction import build_redaction
from agent.settings import Settings
from tools.catalogue import CATALOGUE

logger = logging.getLogger(__name__)

END_LIMIT_S = 1.0
"""For telling clients that the call ends, before their room is closed."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is told of one call, from its first moment to its last."""

    account: Account
    on_realtime: Callable[[object], None]
    """Is given each session with a realtime provider."""
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    def begin(
        cls,
        settings: Settings,
        call_id: str,
        *,
        listeners: Sequence[Registered] = (),
        certificates: ssl.SSLContext,
    ) -> Publishing:
        """Tell of a call from now on. Nothing is connected yet, and what fails here or later is not
        felt in the call.
        """
        account, closing = Account(call_id, _wording(settings)), AsyncExitStack()
        on_realtime: Callable[[object], None] = _untapped
        try:
            if listeners:
                told = Listeners(call_id, listeners)
                account.follow(told)
                on_realtime = told.tap
            if settings.webhooks.urls:
                client = webhook_client(settings.webhooks, certificates)
                closing.push_async_callback(client.aclose)
                account.follow(build_webhooks(settings, client))
        except Exception:  # the edge of the account
            logger.exception("not everybody is told of a call")
        closing.push_async_callback(account.aclose)
        return cls(account, on_realtime, closing)

    def follow(self, settings: Settings, call: Call, room: rtc.Room) -> None:
        """Tell of this call, whose session has not begun, and its clients in this room too."""
        account = self.account
        account.watch(call.session)
        account.take_bill(call.meter)
        call.manner.on_language(account.language_changed)
        if settings.events.topic:
            account.follow(
                RoomFeed(room, call.state.caller, account.standing, tells_cost=settings.events.cost)
            )

    def serve(self, call: Call, opening: Opening, room: rtc.Room) -> None:
        """Do from now on what clients in this room ask for, which is connected."""
        actions = CallActions(call, opening, on_mute=self.account.mute_changed)
        ClientRequests(room, call.state.caller, actions).register()

    async def ends(self, reason: str) -> None:
        """The call ends, for this reason; returns when its clients know, within a bound."""
        self.account.ends(reason)
        try:
            await asyncio.wait_for(self.account.flush(), END_LIMIT_S)
        except TimeoutError:
            logger.info("clients could not be told in time that the call ends")

    async def aclose(self) -> None:
        """Tell what is left. Webhooks get a while for it."""
        try:
            await self.closing.aclose()
        except Exception:  # the edge of the account
            logger.exception("the end of a call could not be told")


def _untapped(_session: object) -> None:
    """Nobody listens to providers."""


def _wording(settings: Settings) -> Wording:
    redaction = build_redaction(settings.privacy, region=settings.business.phone_region)
    if redaction is None:
        return Wording(private_of=_private_of)
    return Wording(redaction.redact_value, _private_of)


def _private_of(tool: str) -> frozenset[str]:
    return CATALOGUE[tool].policy.private if tool in CATALOGUE else frozenset()
