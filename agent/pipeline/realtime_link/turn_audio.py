"""The caller's words that a provider holds only as sound, kept to be said again elsewhere."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

CHUNK_S = 0.1
"""What the plugin puts into one append event."""
LONGEST_S = 30.0
MOST_TURNS = 2
"""Turns kept for want of a transcript; an older one has been answered long since."""
QUIET_RMS = 300
"""About -41 dBFS: louder than a room, softer than speech."""

Event = dict[str, Any]


@dataclass(slots=True)
class _Turn:
    chunks: tuple[str, ...]
    item_id: str | None = None


class TurnAudio:
    """Sound that has been sent and not yet become text: the open buffer, and committed turns of
    which no transcript has come. A few megabytes at most.
    """

    def __init__(self) -> None:
        self._open: deque[str] = deque(maxlen=round(LONGEST_S / CHUNK_S))
        self._turns: deque[_Turn] = deque(maxlen=MOST_TURNS)

    def sent(self, event: Event) -> None:
        """Take note of a client event that went out."""
        match event["type"]:
            case "input_audio_buffer.append":
                self._open.append(event["audio"])
            case "input_audio_buffer.commit":
                self._commit(None)
            case "input_audio_buffer.clear":
                self._open.clear()

    def received(self, event: Event) -> None:
        """Take note of a server event that came in."""
        match event.get("type"):
            case "input_audio_buffer.committed":
                ours = next((turn for turn in self._turns if turn.item_id is None), None)
                if ours is None:  # by the provider's own turn detection
                    self._commit(event["item_id"])
                else:
                    ours.item_id = event["item_id"]
            case "conversation.item.input_audio_transcription.completed":
                known = [turn for turn in self._turns if turn.item_id == event["item_id"]]
                for turn in known:
                    self._turns.remove(turn)

    def replay(self, *, commits: bool) -> Iterator[Event]:
        """The events that bring a new session to where the old one was.

        Args:
            commits: False if the provider detects turns: it hears their ends again.
        """
        for turn in self._turns:
            turn.item_id = None
            yield from _appends(turn.chunks)
            if commits:
                yield {"type": "input_audio_buffer.commit"}
        if not commits:
            self._turns.clear()
        yield from _appends(tuple(self._open))

    @property
    def is_settled(self) -> bool:
        """Whether every committed turn has its transcript and the last second is quiet."""
        last = islice(reversed(self._open), round(1 / CHUNK_S))
        return not self._turns and all(_rms(chunk) < QUIET_RMS for chunk in last)

    def _commit(self, item_id: str | None) -> None:
        if self._open:
            self._turns.append(_Turn(tuple(self._open), item_id))
            self._open.clear()


def _appends(chunks: tuple[str, ...]) -> Iterator[Event]:
    for chunk in chunks:
        yield {"type": "input_audio_buffer.append", "audio": chunk}


def _rms(chunk: str) -> float:
    samples = np.frombuffer(base64.b64decode(chunk), dtype="<i2").astype(np.float32)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
