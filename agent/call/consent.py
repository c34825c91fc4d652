"""Whether a caller has agreed that what is said in their call is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ConsentState = Literal["not needed", "pending", "given", "refused"]
AnsweredBy = Literal["voice", "key", "text", "silence"]
"""How the caller has answered. `silence`: they did not, or not clearly, and that counts as a no."""


@dataclass(frozen=True, slots=True)
class ConsentDecided:
    """The caller has agreed, or has not; it may be recorded in either case."""

    state: Literal["given", "refused"]
    by: AnsweredBy


OnConsent = Callable[[ConsentDecided], None]
"""Is told what was decided; must not block, and must not raise."""


class Consent:
    """The consent of one call. Who keeps something of what is said asks `may_keep` each time; what
    is said while it is pending is kept by nobody, also when the caller agrees later.

    Args:
        required: Whether it is needed at all.
    """

    def __init__(self, *, required: bool) -> None:
        self.state: ConsentState = "pending" if required else "not needed"
        self._listeners: list[OnConsent] = []

    @property
    def may_keep(self) -> bool:
        """Whether transcript and audio may be kept."""
        return self.state in ("not needed", "given")

    def on_decided(self, listener: OnConsent) -> None:
        """Tell somebody from now on."""
        self._listeners.append(listener)

    def give(self, by: AnsweredBy) -> None:
        """The caller agrees. Who has refused, has refused."""
        if self.state == "pending":
            self._decide("given", by)

    def refuse(self, by: AnsweredBy) -> None:
        """The caller does not agree, or takes it back."""
        if self.state in ("pending", "given"):
            self._decide("refused", by)

    def _decide(self, state: Literal["given", "refused"], by: AnsweredBy) -> None:
        self.state = state
        for listener in list(self._listeners):
            listener(ConsentDecided(state, by))
