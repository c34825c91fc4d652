"""Turns what happens in a call into the events of its record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.voice.events import EventTypes, ToolExecutionUpdatedEvent
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.call.events import (
    ApprovalAsked,
    ApprovalSettled,
    ClipPlayed,
    GuardrailTripped,
    PersonaChanged,
    PersonaEvent,
    StepTaken,
    ToolEvent,
    ToolStarted,
)
from agent.call.record import (
    ApprovalAnswer,
    ApprovalRequest,
    ClipHeard,
    Fault,
    GuardrailTrip,
    HandedOver,
    PersonaInForce,
    RecordEvent,
    Recovery,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.framework_tools import FrameworkTools

logger = logging.getLogger(__name__)

Note = Callable[[RecordEvent], None]
"""Recorder.note, or a like of it: must not block, and must not raise."""

_HEARD_PARTS = {"transcription_delay": "transcription", "end_of_turn_delay": "end_of_turn"}
_SPOKEN_PARTS = {
    "llm_node_ttft": "model_first_token",
    "tts_node_ttfb": "voice_first_audio",
    "playback_latency": "playback",
    "e2e_latency": "whole",
}


class CallListener:
    """Listens to one call and notes what it hears. What it is told by others goes the same way.

    Args:
        note: Takes the events.
        framework_tools: Tools of which nobody tells but the session.
    """

    def __init__(self, note: Note, *, framework_tools: Collection[str] = ()) -> None:
        self.note = note
        self._framework_tools = FrameworkTools(note, framework_tools)
        self._session: AgentSession[Any] | None = None
        self._persona = ""
        self._spoke_from: float | None = None
        self._spoke_until: float | None = None
        self._generated: dict[SpeechHandle | None, str] = {}

    def watch(self, session: AgentSession[Any]) -> None:
        """Listen to this session's call, after whoever tells who speaks and before whoever settles
        its errors.
        """
        self._session = session
        for name, listener in _LISTENERS.items():
            session.on(name, _unfelt(partial(listener, self)))

    # What others tell

    def on_persona(self, event: PersonaEvent) -> None:
        """An OnPersona."""
        if not isinstance(event, PersonaChanged):
            self._persona = event.persona
            return
        self._persona = event.now
        if event.before is None:
            self.note(PersonaInForce(event.now))
        else:
            self.note(HandedOver(event.before, event.now, event.reason == "handed back"))

    def on_tool(self, event: ToolEvent) -> None:
        """An OnTool."""
        if isinstance(event, ToolStarted):
            self.note(ToolBegan(event.tool, event.values))
        else:
            took_s, said = round(event.took_s, 3), (event.values, event.answer)
            self.note(ToolEnded(event.tool, event.outcome, took_s, *said, event.card))

    def on_approval(self, event: ApprovalAsked | ApprovalSettled) -> None:
        """An OnApproval."""
        if isinstance(event, ApprovalAsked):
            self.note(ApprovalRequest(event.id, event.tool, event.shown))
        else:
            self.note(ApprovalAnswer(event.id, event.tool, event.approved, event.by))

    def on_guardrail(self, event: GuardrailTripped) -> None:
        """An OnGuardrail."""
        self.note(GuardrailTrip(event.rule, event.persona, event.side))

    def on_clip(self, event: ClipPlayed) -> None:
        """An OnClip."""
        self.note(ClipHeard(event.clip, event.words, event.whole))

    def on_step(self, event: StepTaken) -> None:
        """An OnStep."""
        self.note(Recovery(event.trouble, event.step, event.waited_s))

    def on_words(self, words: str) -> None:
        """A part of what the agent is going to say; see Overheard."""
        speech = self._session.current_speech if self._session is not None else None
        self._generated[speech] = self._generated.get(speech, "") + words

    # What the session tells

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            if self._spoke_from is None:
                self._spoke_from = event.created_at
        elif event.old_state == "speaking":
            self._spoke_until = event.created_at

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage) or not (text := item.text_content or ""):
            return
        if item.role == "user":
            self._note_heard(item, text)
        elif item.role == "assistant":
            self._note_spoken(item, text)

    def _note_heard(self, item: llm.ChatMessage, text: str) -> None:
        spoke_from, spoke_until = self._spoke_from, self._spoke_until
        self._spoke_from = self._spoke_until = None
        if item.transcript_confidence is None and "stopped_speaking_at" not in item.metrics:
            spoke_from = spoke_until = None  # it was typed
        event = TurnHeard(
            item_id=item.id,
            text=text,
            started_at=_moment(item.metrics.get("started_speaking_at") or spoke_from),
            ended_at=_moment(item.metrics.get("stopped_speaking_at") or spoke_until),
            latency_s=_parts(item.metrics, _HEARD_PARTS),
        )
        self.note(event)

    def _note_spoken(self, item: llm.ChatMessage, text: str) -> None:
        speech = self._session.current_speech if self._session is not None else None
        generated = self._generated.pop(speech, "") or self._generated.pop(None, "")
        event = TurnSpoken(
            item_id=item.id,
            persona=self._persona,
            generated=generated.strip() or text,
            heard=text,
            interrupted=item.interrupted,
            started_at=_moment(item.metrics.get("started_speaking_at")),
            ended_at=_moment(item.metrics.get("stopped_speaking_at")),
            latency_s=_parts(item.metrics, _SPOKEN_PARTS),
        )
        self.note(event)

    def _on_speech(self, event: SpeechCreatedEvent) -> None:
        event.speech_handle.add_done_callback(self._note_unheard)

    def _note_unheard(self, speech: SpeechHandle) -> None:
        """A speech is over: what is left of its words, nobody heard."""
        unheard = self._generated.pop(speech, "").strip()
        if unheard:
            self.note(TurnSpoken("", self._persona, unheard, "", interrupted=True))

    def _on_tools(self, event: ToolExecutionUpdatedEvent) -> None:
        self._framework_tools.updated(event)

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        cause = getattr(error, "error", error)
        source = getattr(error, "label", None) or type(event.source).__name__
        recoverable = bool(getattr(error, "recoverable", False))
        self.note(Fault(source, type(cause).__name__, recoverable, str(cause)[:2_000]))


_LISTENERS: Mapping[EventTypes, Callable[[CallListener, Any], None]] = {
    "user_state_changed": CallListener._on_user_state,
    "conversation_item_added": CallListener._on_item,
    "speech_created": CallListener._on_speech,
    "tool_execution_updated": CallListener._on_tools,
    "error": CallListener._on_error,
}


def _unfelt(listener: Callable[[Any], None]) -> Callable[[Any], None]:
    """A listener whose fault stays its own: the session would let some of them end the call."""

    def listen(event: Any) -> None:
        try:
            listener(event)
        except Exception:
            logger.exception("an event could not be noted")

    return listen


def _moment(wall_s: float | None) -> datetime | None:
    return None if wall_s is None else datetime.fromtimestamp(wall_s, UTC)


def _parts(metrics: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, float]:
    return {part: round(metrics[name], 3) for name, part in names.items() if name in metrics}
