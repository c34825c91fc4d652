"""Whether the caller is on the line, and how long one who is not is waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from livekit import rtc

logger = logging.getLogger(__name__)

LEFT_GRACE_S = 6.0
"""Who left in good order has hung up, or reloads a page, which is back by then on a slow phone."""
SETTLE_S = 2.0
"""Who has joined again hears the agent when their own track is there, at the latest after this."""

GONE_FOR_GOOD = frozenset({rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.USER_REJECTED})
"""Reasons for a caller's leaving after which nobody comes back."""


@dataclass(frozen=True, slots=True)
class OnPresence:
    """What is done about a caller's coming and going."""

    away: Callable[[], None]
    """The caller does not hear the agent; called again if they go again before they were back."""
    back: Callable[[], None]
    """They do again."""
    gone: Callable[[str], None]
    """They will not come back, or have not in time; the reason."""


class Presence:
    """Follows one caller in a room.

    Args:
        identity: The caller's.
        grace_s: How long a caller whose connection broke may take to come back.
        on: What is done.
        settle_s: How long who has joined again may do without a microphone.
    """

    def __init__(
        self, identity: str, *, grace_s: float, on: OnPresence, settle_s: float = SETTLE_S
    ) -> None:
        self._identity = identity
        self._grace_s = grace_s
        self._on = on
        self._settle_s = settle_s
        self._away = False
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, room: rtc.Room) -> None:
        """Follow the caller from now on."""
        room.on("participant_disconnected", self._left)
        room.on("participant_connected", self._joined)
        room.on("connection_quality_changed", self._quality_changed)
        room.on("track_subscribed", self._track_came)

    def heard(self) -> None:
        """The caller was heard to speak, so they are there, whatever was said of them."""
        self._welcome_back()

    def aclose(self) -> None:
        """Wait for nobody any more."""
        self._stop_timer()

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._identity:
            return
        if participant.disconnect_reason in GONE_FOR_GOOD:
            self._on.gone("caller is gone")
        elif participant.disconnect_reason == rtc.DisconnectReason.CLIENT_INITIATED:
            self._miss("caller left", min(self._grace_s, LEFT_GRACE_S))
        else:
            self._miss("caller's connection broke", self._grace_s)

    def _quality_changed(self, participant: rtc.Participant, quality: int) -> None:
        if participant.identity != self._identity:
            return
        if quality != rtc.ConnectionQuality.QUALITY_LOST:
            self._welcome_back()
        elif not self._away:
            # Much sooner than the server takes the participant for gone.
            self._miss("caller is not reached", self._grace_s)

    def _joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._identity and self._away:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(self._settle_s, self._welcome_back)

    def _track_came(
        self, _track: object, _publication: object, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.identity == self._identity:
            self._welcome_back()

    def _miss(self, reason: str, grace_s: float) -> None:
        logger.info("the caller is away", extra={"reason": reason, "grace_s": grace_s})
        self._stop_timer()
        self._away = True
        self._timer = asyncio.get_running_loop().call_later(grace_s, self._on.gone, reason)
        self._on.away()

    def _welcome_back(self) -> None:
        if self._away:
            self._stop_timer()
            self._away = False
            logger.info("the caller is back")
            self._on.back()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
