"""What a participant is told on topic `parley.events`, and what they ask for in return."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from livekit import rtc

TOPIC = "parley.events"
PATIENCE_S = 20.0


class Topic:
    """The events that come to one room; to be made before it is connected."""

    def __init__(self, room: rtc.Room) -> None:
        self.told: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._room = room
        room.on("data_received", self._on_data)

    @property
    def kinds(self) -> list[str]:
        """Their types."""
        return [event["type"] for event in self.told]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Those of one type."""
        return [event for event in self.told if event["type"] == kind]

    def text_of(self, speaker: str) -> str:
        """What one side said, in all final transcripts."""
        return " ".join(
            it["text"] for it in self.of("transcript_final") if it["speaker"] == speaker
        )

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Return once something holds of what was told."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            told = json.dumps(self.told[-12:], indent=1)
            raise AssertionError(f"waited for {what}; told were {self.kinds}\n{told}") from None

    async def ask(self, agent: rtc.RemoteParticipant, method: str, **asked: Any) -> dict[str, Any]:
        """Ask the agent for something; raises RpcError where it refuses."""
        answer: dict[str, Any] = json.loads(await self.ask_raw(agent, method, json.dumps(asked)))
        return answer

    async def ask_raw(self, agent: rtc.RemoteParticipant, method: str, payload: str) -> str:
        """The same with any payload."""
        return await self._room.local_participant.perform_rpc(
            destination_identity=agent.identity, method=f"parley.{method}", payload=payload
        )

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic == TOPIC:
            self.told.append(json.loads(packet.data))
            self._changed.set()
