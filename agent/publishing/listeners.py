"""The operator's own functions, told of a call in the process that answers it.

Each has a thread and an event loop of its own: one that blocks, sleeps or raises holds up itself
and nobody else. What it cannot be kept from is taking all of the processor.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from agent.publishing.events import AnyEvent
from agent.publishing.telling import TELLING_LIMIT_S, Teller
from agent.publishing.wording import told_to_others

logger = logging.getLogger(__name__)

VARIABLE = "PARLEY_LISTENERS"
RAW = "+raw"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """Something that went between us and the realtime provider, as it was. Sound is in it, in
    base64. It must not be changed.
    """

    direction: Literal["received", "sent"]
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListenedCall:
    """The call as a listener has it."""

    call_id: str
    send_raw: Callable[[Mapping[str, Any]], None] = field(repr=False)
    """Sends a client event to the realtime provider, such as `{"type": "session.update", …}`. It
    is sent as it stands, past guardrails and budgets, and without an answer; in a call through the
    other pipeline it does nothing. May be called from any thread.
    """


Listen = Callable[[AnyEvent | RawEvent, ListenedCall], Any]
"""A listener: a function, or a coroutine function."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A listener by configuration."""

    name: str
    listen: Listen = field(repr=False)
    raw: bool = False
    """Whether it is told the provider's raw events too."""


def find_listeners(entries: Iterable[str]) -> list[Registered]:
    """The listeners of entries such as `acme.crm:on_event` or `acme.trace:Trace.listen+raw`. Their
    modules are imported.

    Raises:
        ValueError: naming the first entry that is none.
    """
    return [_find(entry) for entry in entries]


def _find(entry: str) -> Registered:
    name, raw = entry.removesuffix(RAW), entry.endswith(RAW)
    module, _, path = name.partition(":")
    if not module or not path:
        raise ValueError(f"{entry!r} is not of the form package.module:function")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever a foreign module does when it is imported
        raise ValueError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise ValueError(f"{name} is not a function")  # noqa: TRY004 - of a setting's value
    return Registered(name, found, raw)


class Listeners:
    """A Follower: tells the operator's listeners, and lets them speak to the realtime provider.

    Args:
        call_id: The call's.
        registered: The listeners.
        telling_limit_s: For one event.
    """

    def __init__(
        self,
        call_id: str,
        registered: Sequence[Registered],
        *,
        telling_limit_s: float = TELLING_LIMIT_S,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._provider: Any = None
        self._registered = tuple(registered)
        self._call = call = ListenedCall(call_id, self._send_raw)
        self._tellers = [
            Teller(one.name, partial(_tell, one.listen, call), telling_limit_s)
            for one in registered
        ]
        self._sequence = 0

    @property
    def want_raw(self) -> bool:
        """Whether any of them is told raw events."""
        return any(one.raw for one in self._registered)

    def tell(self, event: AnyEvent) -> None:
        """See Follower."""
        self._sequence += 1
        numbered = told_to_others(event).model_copy(update={"sequence": self._sequence})
        for teller in self._tellers:
            teller.put(numbered)

    def tap(self, session: Any) -> None:
        """Take part in a session with the realtime provider, in the place of an earlier one."""
        self._provider = session
        if self.want_raw:
            session.on("openai_server_event_received", lambda it: self._raw("received", it))
            session.on("openai_client_event_queued", lambda it: self._raw("sent", it))

    async def flush(self) -> None:
        """See Follower. Nobody waits for listeners."""

    async def aclose(self) -> None:
        """See Follower."""
        await asyncio.gather(*(asyncio.to_thread(one.close) for one in self._tellers))

    def _raw(self, direction: Literal["received", "sent"], content: Any) -> None:
        if not isinstance(content, Mapping):
            return
        event = RawEvent(direction, content)
        for one, teller in zip(self._registered, self._tellers, strict=True):
            if one.raw:
                teller.put(event)

    def _send_raw(self, event: Mapping[str, Any]) -> None:
        if not isinstance(event, Mapping) or not isinstance(event.get("type"), str):
            raise TypeError("a client event is a mapping with a type")
        self._loop.call_soon_threadsafe(self._send, dict(event))

    def _send(self, event: dict[str, Any]) -> None:
        if self._provider is None:
            logger.warning("a raw event has no realtime provider to go to")
            return
        try:
            self._provider.send_event(event)
        except Exception:  # whatever the provider's library does with it
            logger.exception("a raw event could not be sent")


def _tell(listen: Listen, call: ListenedCall, event: AnyEvent | RawEvent) -> Any:
    return listen(event, call)
