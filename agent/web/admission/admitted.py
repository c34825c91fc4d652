"""What a rule says of a request: who may call, or that nobody may."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import Request

from agent.call.options import MAX_USER_LENGTH, CallOptions
from agent.web.refusals import Refusal

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody who may call."""

    user: str = ""
    """Who it is, as the operator's own system knows them; empty where nobody said."""
    tenant: str = ""
    """On whose account the call is; empty for none."""
    options: CallOptions = field(default_factory=CallOptions)
    """What is decided for their calls, whatever the client asks for."""
    pass_id: str = ""
    """Which pass they showed, where it has a name; counted by if there is no user."""

    def __post_init__(self) -> None:
        """See that a call can have this user and tenant.

        Raises:
            ValueError: it cannot.
        """
        if len(self.user) > MAX_USER_LENGTH or not self.user.isprintable():
            raise ValueError("this is no name of a user")
        if self.tenant and not _TENANT.fullmatch(self.tenant):
            raise ValueError("this is no name of a tenant")

    @property
    def subject(self) -> str:
        """Whose requests are counted together; empty where nobody can be told from others."""
        if self.user:
            return f"user:{self.tenant}:{self.user}"
        return f"pass:{self.pass_id}" if self.pass_id else ""


Admission = Callable[[Request], Awaitable[Admitted]]
"""Returns who may call; raises Refusal for who may not."""


async def admit_everyone(_request: Request) -> Admitted:
    """For development: whoever reaches the server may call."""
    return Admitted()


async def admit_nobody(_request: Request) -> Admitted:
    """For a server that gives no calls: each costs money."""
    raise Refusal(
        HTTPStatus.FORBIDDEN,
        "no_admission_rule",
        "This server has no rule that says who may call, so nobody may.",
    )
