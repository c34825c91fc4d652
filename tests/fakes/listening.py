"""Listeners as an operator writes them: found by name, good and bad."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from agent.publishing.listeners import ListenedCall, RawEvent

HEARD: dict[str, list[Any]] = {}
"""What each was told, by call."""


def on_event(event: Any, call: ListenedCall) -> None:
    """Remembers."""
    HEARD.setdefault(call.call_id, []).append(event)


async def on_event_later(event: Any, call: ListenedCall) -> None:
    """Remembers after a moment."""
    await asyncio.sleep(0)
    on_event(event, call)


def fails(event: Any, call: ListenedCall) -> None:
    """Raises."""
    raise RuntimeError("words of a caller")


def leaves(event: Any, call: ListenedCall) -> None:
    """Wants to end the process."""
    raise SystemExit(3)


def blocks(event: Any, call: ListenedCall) -> None:
    """Takes its time, and the whole of its thread."""
    time.sleep(0.3)


async def hangs(event: Any, call: ListenedCall) -> None:
    """Never comes back."""
    on_event(event, call)
    await asyncio.Event().wait()


class Shop:
    """Something with a method."""

    @staticmethod
    def speaks(event: Any, call: ListenedCall) -> None:
        """Answers the provider by itself."""
        on_event(event, call)
        if isinstance(event, RawEvent) and event.direction == "received":
            call.send_raw({"type": "response.create"})


NO_FUNCTION = 7


def writes(event: Any, call: ListenedCall) -> None:
    """Writes to a file what it is told: it runs in a worker's process. Speaks to the provider
    as soon as its session has begun.
    """
    if isinstance(event, RawEvent):
        line = {"raw": f"{event.direction} {event.content['type']}"}
        if line["raw"] == "received session.created":
            call.send_raw({"type": "input_audio_buffer.clear"})
    else:
        line = event.model_dump(mode="json")
    with Path(os.environ["TEST_LISTENER_FILE"]).open("a") as file:
        file.write(json.dumps(line) + "\n")
