"""The conversation as the next session shall know it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from livekit.agents import llm
from livekit.agents.llm.remote_chat_context import RemoteChatContext


def told(mirror: RemoteChatContext, replayed: Sequence[llm.ChatItem]) -> list[llm.ChatItem]:
    """All that a session knows or is about to know: what it was told when it began, whether or not
    it has confirmed that yet, and what it has confirmed since.
    """
    confirmed = mirror.to_chat_ctx().items
    current = {item.id: item for item in confirmed}
    known = {item.id for item in replayed}
    items = [current.get(item.id, item) for item in replayed]
    return items + [item for item in confirmed if item.id not in known]


def mended(items: Sequence[llm.ChatItem], *, heard: Mapping[str, str]) -> RemoteChatContext:
    """What a lost session knew, as the next one must be told.

    The plugin alone would take a reply that was talked over for one that was heard to its end, and
    call a function with the arguments that had arrived by then.

    Args:
        items: What the lost session knew. Messages are changed in place.
        heard: By item id, as much of a reply as the caller heard.
    """
    whole = RemoteChatContext()
    previous: str | None = None
    for item in items:
        if isinstance(item, llm.ChatMessage) and item.id in heard:
            item.content = [heard[item.id]] if heard[item.id].strip() else []
        if not _is_unfinished(item):
            whole.insert(previous, item)
            previous = item.id
    return whole


def system_messages(
    items: Sequence[llm.ChatItem],
) -> Iterator[tuple[str | None, llm.ChatMessage]]:
    """The messages that the plugin leaves out of its replay, each with the id of the item before
    it: it takes every system message for the instructions, which it replays apart.
    """
    previous: str | None = None
    for item in items:
        if isinstance(item, llm.ChatMessage) and item.role in ("system", "developer"):
            yield previous, item
        previous = item.id


def in_order(items: Sequence[llm.ChatItem], *, known: Container[str]) -> list[llm.ChatItem]:
    """The items, with each new answer of a tool that asks for no reply before what the caller has
    said since the call.

    The framework tells a tool's answer when all that is being said is over, the question that the
    tool has put included. At the end of the conversation, behind the caller's answer to it, the
    model would take it for what it is to speak about.

    Args:
        items: A conversation, in which new answers stand at the end.
        known: The ids of what the provider has already.
    """
    ordered = list(items)
    for answer in items:
        if not isinstance(answer, llm.FunctionCallOutput):
            continue
        if answer.reply_required or answer.id in known:
            continue
        if (place := _caller_spoke_after(ordered, answer.call_id)) is not None:
            ordered.remove(answer)
            ordered.insert(place, answer)
    return ordered


def _caller_spoke_after(items: Sequence[llm.ChatItem], call_id: str) -> int | None:
    """Where the caller's first words after a call stand; None if there are none before its answer,
    or no such call.
    """
    has_called = False
    for place, item in enumerate(items):
        if isinstance(item, llm.FunctionCall | llm.FunctionCallOutput) and item.call_id == call_id:
            if has_called:
                return None
            has_called = isinstance(item, llm.FunctionCall)
        elif has_called and isinstance(item, llm.ChatMessage) and item.role == "user":
            return place
    return None


def waits_for_tool(history: llm.ChatContext) -> bool:
    """Whether a function was called and its result is still to come."""
    answered = {i.call_id for i in history.items if isinstance(i, llm.FunctionCallOutput)}
    return any(
        isinstance(item, llm.FunctionCall) and item.call_id not in answered
        for item in history.items
    )


def _is_unfinished(item: llm.ChatItem) -> bool:
    """A call whose arguments had not all come, or a message of which there is no text yet."""
    if isinstance(item, llm.FunctionCall):
        return not item.arguments  # complete ones have at least {}
    return isinstance(item, llm.ChatMessage) and not item.content
