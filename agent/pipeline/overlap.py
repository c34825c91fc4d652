"""What the framework knows while the caller and the agent sound at once, and what can be done then.

The one place that touches the framework's private parts for it: 1.8.9 offers no public way to end a
pause early, to keep a sound from becoming a turn, or to learn how long it lasted.
"""

from __future__ import annotations

import time
from typing import Any

from livekit.agents import AgentFalseInterruptionEvent, AgentSession
from livekit.agents.voice.agent_activity import AgentActivity

from agent.pipeline.realtime_link import Judge, ResilientSession


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
    def is_free(self) -> bool:
        """Whether the agent says nothing and is about to say nothing."""
        activity = self._activity
        return (
            activity is not None
            and activity._current_speech is None
            and not activity._speech_q
            and not activity._scheduling_paused
            and not activity._new_turns_blocked
        )

    @property
    def least_silence_s(self) -> float:
        """Silence before which no turn is over."""
        activity = self._activity
        return activity.min_endpointing_delay if activity is not None else 0.0

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
        realtime = self._realtime
        return realtime is not None and realtime.realtime_model.capabilities.user_transcription

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

    def hold_turn(self, judge: Judge) -> None:
        """Ask the realtime model for the words of the caller's sound, and keep the framework from
        deciding about it meanwhile. An item that the judge dismisses leaves no trace.
        """
        activity, realtime = self._activity, self._realtime
        if activity is None or activity._audio_recognition is None or realtime is None:
            return
        realtime.commit_to_judge(judge)
        if activity._audio_recognition._end_of_turn_task is not None:
            activity._audio_recognition._end_of_turn_task.cancel()

    def take_turn(self) -> None:
        """Let the framework decide about a sound that was held: when it is over, it is answered."""
        activity, realtime = self._activity, self._realtime
        if activity is None or activity._audio_recognition is None or realtime is None:
            return
        realtime.nothing_to_commit = True
        activity._audio_recognition._run_eou_detection(
            activity.retrieve_chat_ctx().copy(), trigger="vad"
        )

    def go_on_hearing(self) -> None:
        """What the caller says from now on belongs to the next item."""
        if (realtime := self._realtime) is not None:
            realtime.nothing_to_commit = False

    def speech_began(self) -> None:
        """The caller speaks, or speaks on: a reply that was asked for early is taken back."""
        if (realtime := self._realtime) is not None:
            realtime.speech_began()

    def reply_early(self) -> None:
        """Ask the realtime model for the reply to what was heard so far."""
        if (realtime := self._realtime) is not None:
            realtime.reply_early()

    def drop_turn(self) -> None:
        """Let nothing come of a sound that was held."""
        if self._activity is not None and self._activity._audio_recognition is not None:
            self._activity._audio_recognition._clear_user_turn()

    def forget_item(self, item_id: str) -> None:
        """Take an item of the caller's, whose words were not known yet, out of the history."""
        if self._activity is not None:
            items = self._activity._agent._chat_ctx.items
            items[:] = [item for item in items if item.id != item_id]

    def forget_turn(self) -> None:
        """Let the caller's sound leave no trace in the realtime conversation."""
        if self._activity is not None:
            self._session.clear_user_turn()

    @property
    def _realtime(self) -> ResilientSession | None:
        session = self._activity._rt_session if self._activity else None
        return session if isinstance(session, ResilientSession) else None

    @property
    def _activity(self) -> AgentActivity | None:
        return self._session._activity
