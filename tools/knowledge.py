"""What the operator wrote down for callers to ask about."""

from __future__ import annotations

from agent.call.state import CallState
from agent.call.tool import tool
from agent.errors import ToolError


@tool(outside=True)
async def search_knowledge(call: CallState, question: str) -> str:
    """Look up what is known about the business: its products, prices, delivery, returns, policies.

    Answer from what it says and from nothing else.

    Args:
        question: What the caller wants to know, in a few words, such as "return an opened parcel".
    """
    passages = await call.services.knowledge.search(question)
    if not passages:
        raise ToolError("Nothing is written about that. Say so, and offer to take a message.")
    return "\n\n".join(f"{passage.title}\n{passage.text}" for passage in passages)
