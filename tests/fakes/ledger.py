"""A ledger in a dictionary."""

from __future__ import annotations

from agent.call.ledger import Claim


class FakeLedger:
    """A Ledger. Give the same dictionary to two of them for two processes."""

    def __init__(self, results: dict[str, str | None] | None = None) -> None:
        self.results = {} if results is None else results
        """By key; None for what was begun and has not ended."""
        self.dead: set[str] = set()
        """Keys of which whoever had begun them died."""

    async def begin(self, key: str) -> Claim:
        """See Ledger."""
        if key in self.dead:
            return Claim("unknown")
        if key not in self.results:
            self.results[key] = None
            return Claim("new")
        result = self.results[key]
        return Claim("running") if result is None else Claim("done", result)

    async def finish(self, key: str, result: str) -> None:
        """See Ledger."""
        self.results[key] = result

    async def fail(self, key: str) -> None:
        """See Ledger."""
        del self.results[key]
