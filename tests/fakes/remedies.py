"""Remedies that only note what was asked of them."""

from __future__ import annotations

import asyncio

from agent.supervision.clips import ClipName


class NotedRemedies:
    """See agent.supervision.remedies.Remedies. `fails` names what cannot be done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails: set[str] = set()
        self.may_end = asyncio.Event()
        """Clear it to let everything take long."""
        self.may_end.set()

    async def say(self, name: ClipName, *, insist: bool = False) -> bool:
        """See Remedies."""
        return await self._note(f"say {name}, insisting" if insist else f"say {name}")

    async def ask(self) -> bool:
        """See Remedies."""
        return await self._note("ask")

    async def drop_tool(self) -> bool:
        """See Remedies."""
        return await self._note("drop tool")

    async def replace(self) -> bool:
        """See Remedies."""
        return await self._note("replace")

    def knows_question(self) -> bool:
        """See Remedies."""
        return "question" not in self.fails

    async def end(self, reason: str, last_words: ClipName) -> bool:
        """See Remedies."""
        return await self._note(f"end: {reason}, {last_words}")

    def hold(self) -> None:
        """See Remedies."""
        self.done.append("hold")

    def release(self) -> None:
        """See Remedies."""
        self.done.append("release")

    async def _note(self, what: str) -> bool:
        self.done.append(what)
        await self.may_end.wait()
        return what not in self.fails
