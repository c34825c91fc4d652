"""What operators are asked at present, for those of them who answer by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from agent.call.events import ApprovalAsked, ApprovalSettled, OnApproval


@dataclass(slots=True)
class Question:
    """Whether a tool may be called."""

    id: str
    tool: str
    answered: asyncio.Future[tuple[bool, str]] = field(repr=False)
    """The answer, and who gave it."""

    @property
    def approved(self) -> bool | None:
        """None as long as nobody has answered."""
        return self.answered.result()[0] if self.answered.done() else None

    def answer(self, approved: bool, by: str) -> bool:
        """Answer it. False if somebody has already; the first answer stands."""
        if self.answered.done():
            return False
        self.answered.set_result((approved, by))
        return True


class Decisions:
    """The questions of one call.

    Args:
        tell: Is told what is asked and how it was settled.
    """

    def __init__(self, tell: OnApproval = lambda _: None) -> None:
        self._tell = tell
        self._open: dict[str, Question] = {}
        self._asked = 0

    @contextmanager
    def asking(self, tool: str, shown: Mapping[str, str]) -> Iterator[Question]:
        """Ask, as long as the block runs."""
        self._asked += 1
        id_ = f"approval-{self._asked}"
        answered = asyncio.get_running_loop().create_future()
        question = self._open[id_] = Question(id_, tool, answered)
        self._tell(ApprovalAsked(question.id, tool, shown))
        try:
            yield question
        finally:
            del self._open[question.id]
            approved, by = answered.result() if answered.done() else (None, "")
            self._tell(ApprovalSettled(question.id, tool, approved, by))

    def decide(self, id_: str, approved: bool, *, by: str) -> bool:
        """An operator answers. False if this is not asked, or not any more."""
        question = self._open.get(id_)
        return question is not None and question.answer(approved, by)
