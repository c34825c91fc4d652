"""The caller's words that a provider holds only as sound, kept to be said again elsewhere."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator, Sequence
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
    commit_id: str | None = None
    item_id: str | None = None
    is_withdrawn: bool = False


class TurnAudio:
    """Sound that has been sent and not yet become text: the open buffer, and committed turns of
    which no transcript has come. A few megabytes at most.
    """

    def __init__(self) -> None:
        self._open: deque[str] = deque(maxlen=round(LONGEST_S / CHUNK_S))
        self._turns: deque[_Turn] = deque(maxlen=MOST_TURNS)
        self._withdrawn: set[str] = set()

    def sent(self, event: Event) -> None:
        """Take note of a client event that went out."""
        match event["type"]:
            case "input_audio_buffer.append":
                self._open.append(event["audio"])
            case "input_audio_buffer.commit":
                self._commit(None, event.get("event_id"))
            case "input_audio_buffer.clear":
                self._open.clear()

    def received(self, event: Event) -> None:
        """Take note of a server event that came in."""
        match event.get("type"):
            case "input_audio_buffer.committed":
                ours = next((turn for turn in self._turns if turn.item_id is None), None)
                if ours is None:  # by the provider's own turn detection
                    self._commit(event["item_id"])
                elif ours.is_withdrawn:
                    self._turns.remove(ours)
                else:
                    ours.item_id = event["item_id"]
            case "conversation.item.input_audio_transcription.completed":
                known = [turn for turn in self._turns if turn.item_id == event["item_id"]]
                for turn in known:
                    self._turns.remove(turn)

    def withdraw(self, commit_id: str) -> None:
        """Forget the turn of the commit event of this id, which was sent or is about to be."""
        known = next((turn for turn in self._turns if turn.commit_id == commit_id), None)
        if known is None:
            self._withdrawn.add(commit_id)
        elif known.item_id is None:  # its place is kept until the provider tells of it
            known.is_withdrawn = True
        else:
            self._turns.remove(known)

    def reopen(self, commit_id: str, chunks: Sequence[str]) -> None:
        """Let a turn go on that was committed on a connection that is lost."""
        self._turns = deque(
            (turn for turn in self._turns if turn.commit_id != commit_id), maxlen=MOST_TURNS
        )
        self._open = deque([*chunks, *self._open], maxlen=self._open.maxlen)

    def replay(self, *, commits: bool) -> Iterator[Event]:
        """The events that bring a new session to where the old one was.

        Args:
            commits: False if the provider detects turns: it hears their ends again.
        """
        self._withdrawn.clear()
        self._turns = deque(
            (turn for turn in self._turns if not turn.is_withdrawn), maxlen=MOST_TURNS
        )
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
        is_owed = any(not turn.is_withdrawn for turn in self._turns)
        return not is_owed and all(_rms(chunk) < QUIET_RMS for chunk in last)

    def _commit(self, item_id: str | None, commit_id: str | None = None) -> None:
        if self._open:
            turn = _Turn(tuple(self._open), commit_id, item_id)
            turn.is_withdrawn = commit_id in self._withdrawn
            self._turns.append(turn)
            self._open.clear()


def _appends(chunks: tuple[str, ...]) -> Iterator[Event]:
    for chunk in chunks:
        yield {"type": "input_audio_buffer.append", "audio": chunk}


def _rms(chunk: str) -> float:
    samples = np.frombuffer(base64.b64decode(chunk), dtype="<i2").astype(np.float32)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
