"""What the framework knows while the caller and the agent sound at once, and what can be done then.

The one place that touches the framework's private parts for it: 1.8.9 offers no public way to end a
pause early, to keep a sound from becoming a turn, or to learn how long it lasted.
"""

from __future__ import annotations

import time
from typing import Any

from livekit.agents import AgentFalseInterruptionEvent, AgentSession
from livekit.agents.voice.agent_activity import AgentActivity


class Floor:
    """Who holds the floor in one session: the agent's paused reply and the caller's sound."""

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session

    @property
    def caller_is_speaking(self) -> bool:
        """Whether the caller is speaking now."""
        return self._session.user_state == "speaking"

    @property
    def may_be_interrupted(self) -> bool:
        """Whether the caller may end what the agent is saying."""
        speech = self._session.current_speech
        return speech is None or speech.allow_interruptions

    @property
    def decides_by_audio(self) -> bool:
        """Whether a sound becomes a turn without a transcript: realtime with a local detector."""
        activity = self._activity
        return (
            activity is not None
            and activity._rt_session is not None
            and not activity._rt_turn_detection_enabled
        )

    @property
    def will_transcribe(self) -> bool:
        """Whether the realtime model tells what it heard."""
        activity = self._activity
        session = activity._rt_session if activity else None
        return session is not None and session.realtime_model.capabilities.user_transcription

    @property
    def items(self) -> frozenset[str]:
        """The items of the realtime model's conversation, by id."""
        activity = self._activity
        session = activity._rt_session if activity else None
        return frozenset(item.id for item in session.chat_ctx.items) if session else frozenset()

    @property
    def sound_s(self) -> float:
        """How long the caller's last sound was, from its first speech to its last."""
        activity = self._activity
        recognition = activity._audio_recognition if activity else None
        if recognition is None or recognition._speech_start_time is None:
            return 0.0
        end_s = recognition._last_speaking_time or time.time()
        return max(end_s - recognition._speech_start_time, 0.0)

    def resume(self) -> None:
        """Let a paused reply go on, now; harmless when none is paused, or it was ended meanwhile.

        The framework's own timer would wait for the turn detector, which has nothing to decide.
        """
        activity, output = self._activity, self._session.output.audio
        paused = activity._paused_speech if activity else None
        if activity is None or output is None or paused is None:
            return
        if paused.handle.done() or paused.handle.interrupted:
            return
        activity._cancel_false_interruption_timer()
        activity._restore_paused_speech_state(paused)
        activity._paused_speech = None
        output.resume()
        self._session.emit("agent_false_interruption", AgentFalseInterruptionEvent(resumed=True))

    def keep_audio_without_turn(self) -> None:
        """Make the caller's sound an item of the realtime conversation that nobody answers yet."""
        activity = self._activity
        if activity is not None and activity._rt_session is not None:
            activity._rt_session.commit_audio()
            self._drop_turn(activity)

    def forget_turn(self) -> None:
        """Let the caller's sound leave no trace in the realtime conversation."""
        if self._activity is not None:
            self._session.clear_user_turn()

    def _drop_turn(self, activity: AgentActivity) -> None:
        if activity._audio_recognition is not None:
            activity._audio_recognition._clear_user_turn()

    @property
    def _activity(self) -> AgentActivity | None:
        return self._session._activity
