"""What a session begins with: the configuration that came before its connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from agent.sandbox.realtime.client_events import validated
from agent.sandbox.realtime.errors import invalid
from agent.sandbox.realtime.identifiers import new_id
from agent.sandbox.realtime.session import DEFAULT_MODEL, Kind, Session


@dataclass(frozen=True, slots=True)
class Beginning:
    """A session to be opened, once or several times."""

    kind: Kind = "realtime"
    model: str = DEFAULT_MODEL
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What is otherwise than by default, as `session.update` takes it."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The beginning that a session object of a client describes.

        Raises:
            ClientError: it cannot be used.
        """
        if document.get("type") not in ("realtime", "transcription"):
            raise invalid("session.type", "Supported values are: 'realtime' and 'transcription'.")
        validated({"type": "session.update", "session": dict(document)})
        kind: Kind = "realtime" if document["type"] == "realtime" else "transcription"
        beginning = cls(kind, document.get("model") or DEFAULT_MODEL, document)
        beginning.open(expires_at=0)
        return beginning

    def open(self, *, expires_at: int) -> Session:
        """A new session. Raises ClientError for values that do not go together."""
        session = Session(new_id("sess"), self.kind, model=self.model, expires_at=expires_at)
        if self.changes:
            session.update(dict(self.changes), voice_is_fixed=False)
        return session
