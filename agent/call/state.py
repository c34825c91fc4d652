"""What tools may know and do about the call they run in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from agent.call.appointments import Owner
from agent.call.services import Services
from agent.settings import EndpointingProfile


class CallControl(Protocol):
    """What may be done to a call from inside it. What is asked for twice happens once."""

    @property
    def transfer_targets(self) -> tuple[str, ...]:
        """The names of those whom a caller can be put through to."""
        ...

    def hang_up_after_reply(self) -> None:
        """End the call once the caller has heard the agent's present reply; it ends in any case
        after a bounded wait.
        """
        ...

    def transfer_after_reply(self, target: str) -> None:
        """Put the caller through to one of `transfer_targets` once they have heard the agent's
        present reply. When that fails later, the agent is told, and tells the caller.

        Raises:
            ToolError: when it is not possible for this caller.
        """
        ...

    async def send_dtmf(self, digits: str) -> None:
        """Send keys of a telephone, `0-9*#`, to the other side.

        Raises:
            ToolError: when the other side is no telephone, or does not take them.
        """
        ...

    def hold(self, limit_s: float) -> bool:
        """Bear with a caller who is silent or talks to others, until they speak with the agent
        again or the limit is over. False if that is so already.
        """
        ...

    async def switch_language(self, language: str) -> None:
        """Hear the caller in another language, such as `de`, from now on."""
        ...

    async def change_speed(self, factor: float) -> bool:
        """Speak faster or slower by this factor, from the next reply on. False if that is not
        possible, or not any further.
        """
        ...

    def stop_recording(self) -> bool:
        """Keep nothing of what is said from now on, and delete the sound that was recorded. False
        where callers are not asked whether it may be kept, so that nothing is theirs to take back.
        """
        ...

    def last_reply(self) -> str:
        """The last thing that the caller heard from the agent; empty before the first."""
        ...


class TurnTaking(Protocol):
    """How long the caller may pause before the turn counts as over."""

    def use(self, profile: EndpointingProfile | None) -> None:
        """Switch to a profile from now on, such as `dictation` while the caller gives a number.
        None goes back to the configured one.
        """
        ...


@dataclass(slots=True)
class CallerIdentity:
    """Who is on the line, as the call knows it; never taken from what a model says."""

    identity: str = ""
    """The participant's identity in the room."""
    user: str | None = None
    """Who they are to the operator's own system, which let them call; from signed metadata."""
    tenant: str | None = None
    """On whose account the call is. A user is only known within a tenant."""
    phone_number: str | None = None
    """E.164, where the call came by phone."""
    staff: bool = False
    """Whether the operator's signed job metadata says so."""
    customer: str | None = None
    """The key of the customer whom this caller was verified to be, by a tool, in this call."""
    failed_verifications: int = 0
    """How often this caller could not prove it, in this call."""

    @property
    def verified(self) -> bool:
        """Whether the caller has proven who they are."""
        return self.customer is not None


@dataclass(slots=True)
class CallState:
    """The call as its tools see it."""

    call_id: str
    language: str
    control: CallControl
    turns: TurnTaking
    services: Services
    caller: CallerIdentity = field(default_factory=CallerIdentity)
    facts: dict[str, str] = field(default_factory=dict)
    """What was collected in this call, such as `name`; handed on from persona to persona."""

    @property
    def owner(self) -> Owner:
        """The keys under which what this caller books is kept and found again: the customer they
        were verified to be, who they are signed in as, their telephone, their identity in the room,
        and this very call.
        """
        caller = self.caller
        keys = {f"call:{self.call_id}"}
        if caller.customer is not None:
            keys.add(f"customer:{caller.customer}")
        if caller.user:
            keys.add(f"user:{caller.tenant or ''}:{caller.user}")
        if caller.phone_number:
            keys.add(f"phone:{caller.phone_number}")
        # LiveKit makes a telephone's identity of its number: of callers who withhold theirs, all
        # would be the same one.
        if caller.identity and not caller.identity.startswith("sip_"):
            keys.add(f"identity:{caller.identity}")
        return frozenset(keys)
