"""Messages that callers leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What a caller wants somebody to know."""

    call_id: str
    name: str
    phone_number: str | None
    """Where to call back, in E.164; None where the caller gave none."""
    text: str


class MessageBox(Protocol):
    """Where messages are left for the business."""

    @property
    def phone_region(self) -> str | None:
        """The ISO country that numbers without a country code belong to; None for none."""
        ...

    async def leave(self, message: Message, *, request_key: str | None) -> None:
        """Keep a message. The same request key keeps it once."""
        ...
