"""Who may call a tool."""

from __future__ import annotations

from agent.call.state import CallerIdentity
from agent.call.tool import Access

_NOT_VERIFIED = (
    "This needs a caller who has proven who they are, and this one has not. Verify the caller"
    " first, if you can; else say that it is not possible."
)
_NOT_STAFF = "This is for staff only, and this caller is none. Say that it is not possible."


def refusal(access: Access, caller: CallerIdentity) -> str | None:
    """Why this caller may not call a tool, as a sentence for the model; None if they may. Judged by
    what the call knows of them, whatever the model says.
    """
    if access == "staff" and not caller.staff:
        return _NOT_STAFF
    if access == "verified" and not caller.verified:
        return _NOT_VERIFIED
    return None
