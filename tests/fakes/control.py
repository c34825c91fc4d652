"""A call that does nothing by itself, and remembers what was asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.errors import ToolError


@dataclass
class FakeControl:
    """A CallControl."""

    transfer_targets: tuple[str, ...] = ()
    last: str = ""
    """What the caller heard last."""
    on_telephone: bool = True
    asked_for_consent: bool = True
    done: list[tuple[str, object]] = field(default_factory=list)
    """What was asked for, in order."""
    pace: float = 1.0
    holding: bool = False

    def hang_up_after_reply(self) -> None:
        """See CallControl."""
        self.done.append(("hang up", None))

    def transfer_after_reply(self, target: str) -> None:
        """See CallControl."""
        if not self.on_telephone:
            raise ToolError("The caller is not on a telephone.")
        self.done.append(("transfer", target))

    async def send_dtmf(self, digits: str) -> None:
        """See CallControl."""
        if not self.on_telephone:
            raise ToolError("The caller is not on a telephone.")
        self.done.append(("dtmf", digits))

    def hold(self, limit_s: float) -> bool:
        """See CallControl."""
        self.done.append(("hold", limit_s))
        was_holding, self.holding = self.holding, True
        return not was_holding

    async def switch_language(self, language: str) -> None:
        """See CallControl."""
        self.done.append(("language", language))

    async def change_speed(self, factor: float) -> bool:
        """See CallControl. Two steps each way are possible."""
        pace = self.pace * factor
        if not 0.7 <= pace <= 1.45:
            return False
        self.pace = pace
        return True

    def stop_recording(self) -> bool:
        """See CallControl."""
        self.done.append(("stop recording", None))
        return self.asked_for_consent

    def last_reply(self) -> str:
        """See CallControl."""
        return self.last
