"""What tools may know and do about the call they run in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.settings import EndpointingProfile


class Speech(Protocol):
    """Something the agent is saying."""

    async def wait_for_playout(self) -> None:
        """Return once the caller has heard it, or it was interrupted."""
        ...


class CallControl(Protocol):
    """What may be done to a call from inside it."""

    def hang_up_after(self, speech: Speech) -> None:
        """End the call once `speech` was heard; it ends in any case after a bounded wait."""
        ...


class TurnTaking(Protocol):
    """How long the caller may pause before the turn counts as over."""

    def use(self, profile: EndpointingProfile | None) -> None:
        """Switch to a profile from now on, such as `dictation` while the caller gives a number.
        None goes back to the configured one.
        """
        ...


@dataclass(frozen=True, slots=True)
class CallState:
    """The call as its tools see it."""

    call_id: str
    language: str
    control: CallControl
    turns: TurnTaking
