"""Which of the caller's sounds over the agent's voice end a reply, and which only pause it.

The framework pauses the agent's voice as soon as speech is sure. What happens then is decided here,
by what is known first: the words, where there is a transcript; else how long the sound was. A
backchannel, the agent's own echo and a sound without words let the reply go on from the sample it
stopped at. Anything else is a turn, and the framework ends the reply and answers.

In the realtime pipeline there are words only of what was committed. So a short sound is committed
as soon as it has ended, the framework's decision is held back until the words are there, and what
turns out to be no turn is deleted from the conversation.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from livekit.agents import Agent, AgentSession, ModelSettings, llm, stt
from livekit.agents import UserStateChangedEvent as UserState
from livekit.agents.voice.io import TimedString
from livekit.rtc import AudioFrame

from agent.pipeline.backchannels import Backchannels
from agent.pipeline.echo_canceller import EchoCanceller
from agent.pipeline.echo_guard import SpokenWords
from agent.pipeline.overlap import Floor
from agent.pipeline.playout import RoomPlayout
from agent.pipeline.speech_filter import Generated, SpeechFilter

logger = logging.getLogger(__name__)

SHORT_SOUND_S = 1.0
"""Speech over the agent that ends before this may be a backchannel; what goes on is a turn. The 28
of flite's voices in `scripts.bench.sounds` last 0.23 to 1.14 s, half of them under 0.42 s.
"""
LONG_SOUND_S = 2.0
"""In realtime the words decide of a sound up to this long, if they come within WORDS_PATIENCE_S:
"mm hmm" and "okay, right" may take more than SHORT_SOUND_S.
"""
WORDS_PATIENCE_S = 0.5
"""For the words of a sound that is more likely a turn: as long its answer is late."""
WORDLESS_SOUND_S = 0.4
"""What may be a backchannel where no transcript will ever come."""
TRANSCRIPT_PATIENCE_S = 0.2
"""After a short sound has ended, the reply waits this long for its words, then goes on without. A
transcript that comes later and turns out to be a turn still ends the reply.
"""
ECHO_SETTLES_S = 1.0
"""From when an echo is found until nothing of it is heard any more."""
ANSWER_REMAINING_S = 1.0
"""When less than this is left of a question, a "yes" over it is the answer."""

_TRANSCRIPTS = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


class TurnGate(Protocol):
    """Who may take the caller's turns before a model answers them."""

    @property
    def is_open(self) -> bool:
        """Whether turns are being taken."""
        ...

    def takes(self, words: str) -> bool:
        """Whether a turn is taken, and gets no answer; its words are empty if they come later."""
        ...


@dataclass(slots=True)
class _Overlap:
    """A stretch of the caller's sound that began while the agent was speaking; monotonic clock."""

    started_s: float
    ended_s: float | None = None
    dismissed: bool = False
    is_turn: bool = False
    """What its latest transcript said; both False before the first."""
    held: bool = False
    """In realtime: whether the framework's decision waits for the words."""


class Interruptions:
    """Judges what is heard over the agent in one call."""

    def __init__(
        self,
        playout: RoomPlayout,
        spoken: SpokenWords,
        echo: EchoCanceller,
        backchannels: Backchannels,
    ) -> None:
        self._playout = playout
        self._spoken = spoken
        self._echo = echo
        self._backchannels = backchannels
        self._overlap: _Overlap | None = None
        self._session: AgentSession[Any] | None = None
        self._floor: Floor | None = None
        self._reply_end = ""
        self._answering: set[asyncio.Task[None]] = set()
        self.gate: TurnGate | None = None
        """Takes turns of this call, if there is one."""

    def watch(self, session: AgentSession[Any]) -> None:
        """Judge this session's call."""
        self._session, self._floor = session, Floor(session)
        session.on("user_state_changed", self._on_user_state)

    def expect(self, backchannels: Backchannels) -> None:
        """Take these for backchannels from now on: the caller speaks another language."""
        self._backchannels = backchannels

    async def admit(self, events: AsyncIterable[stt.SpeechEvent]) -> AsyncIterator[stt.SpeechEvent]:
        """What a recogniser heard, without the transcripts that are no turn."""
        async for event in events:
            is_transcript = event.type in _TRANSCRIPTS and bool(event.alternatives)
            if not is_transcript or not self._is_no_turn(event.alternatives[0].text):
                yield event

    async def note(
        self, words: AsyncIterable[str | TimedString]
    ) -> AsyncIterator[str | TimedString]:
        """A reply's words, remembered: what is said over a question's end may answer it."""
        self._reply_end = ""
        async for part in words:
            self._reply_end = (self._reply_end + part)[-80:]
            yield part

    @property
    def are_answered(self) -> bool:
        """Whether the caller's turns are answered by a model: no gate takes them."""
        return self.gate is None or not self.gate.is_open

    def takes(self, words: str) -> bool:
        """Whether the gate takes a turn of the caller's."""
        return self.gate is not None and self.gate.takes(words)

    def _is_no_turn(self, text: str) -> bool:
        return self._overlap is not None and self._dismisses(self._overlap, text)

    def _dismisses(self, overlap: _Overlap, text: str) -> bool:
        overlap.dismissed = self._is_backchannel(text) or self._is_echo(text, overlap)
        self._log(overlap, "dismissed" if overlap.dismissed else "a turn")
        overlap.is_turn = not overlap.dismissed
        if overlap.dismissed:
            self._go_on(overlap)
        return overlap.dismissed

    def _is_backchannel(self, text: str) -> bool:
        wordless = not text.strip()
        return wordless or (text in self._backchannels and not self._is_answer())

    def _is_echo(self, text: str, overlap: _Overlap) -> bool:
        if self._discovered_echo(overlap):
            return True
        end_s = overlap.ended_s or time.monotonic()
        return not self._is_answer() and self._spoken.is_echo(text, overlap.started_s, end_s)

    def _discovered_echo(self, overlap: _Overlap) -> bool:
        """Whether this sound was the echo by which the canceller learned of it, or what it left of
        it at first. Later ones are inaudible, so that what is heard then is the caller.
        """
        end_s = overlap.ended_s or time.monotonic()
        settled_s = self._echo.found_at_s + ECHO_SETTLES_S
        return overlap.started_s <= settled_s and end_s <= settled_s + SHORT_SOUND_S

    def _is_answer(self) -> bool:
        left_s = self._playout.remaining_s
        asks = self._reply_end.rstrip().endswith(("?", "？", "؟"))
        return asks and left_s is not None and left_s < ANSWER_REMAINING_S

    def _go_on(self, overlap: _Overlap) -> None:
        """Resume, unless the caller speaks on or was found to have meant it."""
        is_latest = overlap is self._overlap and not overlap.is_turn
        if self._floor is not None and is_latest and not self._floor.caller_is_speaking:
            if overlap.held:
                overlap.held = False
                self._floor.drop_turn()
            self._floor.resume()

    def _go_on_later(self, overlap: _Overlap) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(TRANSCRIPT_PATIENCE_S, self._go_on, overlap)

    def _take(self, overlap: _Overlap) -> None:
        """Its words did not come in time: it was so long that it was a turn."""
        if self._floor is not None and overlap is self._overlap and overlap.held:
            overlap.held, overlap.is_turn = False, True
            if not self._floor.caller_is_speaking:
                self._floor.take_turn()

    def _on_user_state(self, event: UserState) -> None:
        if event.new_state == "speaking":
            over_agent = self._playout.is_speaking
            self._overlap = _Overlap(time.monotonic()) if over_agent else None
            if self._floor is not None:
                self._floor.go_on_hearing()
        elif event.old_state == "speaking" and self._overlap is not None:
            self._overlap.ended_s = time.monotonic()
            if self._playout.is_speaking and self._floor is not None:
                # The framework arms its own decision when this handler has returned.
                asyncio.get_running_loop().call_soon(self._weigh, self._overlap, self._floor)

    def _log(self, overlap: _Overlap, verdict: str) -> None:
        since_s = round(time.monotonic() - overlap.started_s, 2)
        logger.debug("a sound over the agent", extra={"verdict": verdict, "since_s": since_s})

    def _weigh(self, overlap: _Overlap, floor: Floor) -> None:
        """Decide what a sound that has ended means for the paused reply."""
        sound_s = floor.sound_s
        if floor.decides_by_audio:
            self._weigh_audio(overlap, floor, sound_s)
        elif overlap.dismissed or self._discovered_echo(overlap):
            self._go_on(overlap)
        elif sound_s < SHORT_SOUND_S:
            self._go_on_later(overlap)

    def _weigh_audio(self, overlap: _Overlap, floor: Floor, sound_s: float) -> None:
        if not floor.may_be_interrupted:
            floor.forget_turn()
            return
        if self._is_answer():
            return
        self._log(overlap, f"was {sound_s:.2f} s long")
        wordless_s = 0.0 if floor.will_transcribe else WORDLESS_SOUND_S
        if sound_s < wordless_s or self._discovered_echo(overlap):
            floor.forget_turn()
            self._go_on(overlap)
        elif floor.will_transcribe and sound_s < LONG_SOUND_S:
            overlap.held = True
            self._log(overlap, "held until its words come")
            floor.hold_turn(partial(self._judge_item, overlap))
            if sound_s < SHORT_SOUND_S:
                self._go_on_later(overlap)
            else:
                loop = asyncio.get_running_loop()
                loop.call_later(WORDS_PATIENCE_S, self._take, overlap)

    def _judge_item(self, overlap: _Overlap, item_id: str, text: str) -> bool:
        """Whether an item of the realtime conversation, which a sound became, is no turn."""
        if overlap.is_turn:
            return False
        if self._dismisses(overlap, text):
            if self._floor is not None:
                self._floor.forget_item(item_id)
            return True
        was_held, overlap.held = overlap.held, False
        task = asyncio.create_task(self._answer(was_held=was_held))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        return False

    async def _answer(self, *, was_held: bool) -> None:
        """End the reply and answer words that are in the conversation already."""
        if self._session is None or self._floor is None:
            return
        try:
            await self._session.interrupt()
        except RuntimeError:
            logger.info("something was said during a passage that may not be interrupted")
            return
        if self._floor.caller_is_speaking:
            return  # and is answered when all is said
        if was_held:
            self._floor.take_turn()
        elif not self.takes(""):
            self._session.generate_reply(input_modality="audio")


class AttentiveAgent(Agent):
    """An agent that can be listened to aloud: see Interruptions. What it says goes through a
    filter, if it has one.
    """

    def __init__(
        self,
        *,
        interruptions: Interruptions,
        speech_filter: SpeechFilter | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._interruptions = interruptions
        self.speech_filter = speech_filter

    async def stt_node(
        self, audio: AsyncIterable[AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        """See Agent.stt_node."""
        heard = Agent.default.stt_node(self, audio, model_settings)
        async for event in self._interruptions.admit(heard):
            yield event

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """See Agent.on_user_turn_completed."""
        if self._interruptions.takes(new_message.text_content or ""):
            raise llm.StopResponse
        await super().on_user_turn_completed(turn_ctx, new_message)

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[Generated]:
        """See Agent.llm_node."""
        begin = partial(Agent.default.llm_node, self, chat_ctx, tools, model_settings)
        reply = self.speech_filter.reply(chat_ctx, begin) if self.speech_filter else begin()
        async with aclosing(reply) as generated:
            async for part in generated:
                yield part

    async def transcription_node(
        self, text: AsyncIterable[str | TimedString], model_settings: ModelSettings
    ) -> AsyncIterator[str | TimedString]:
        """See Agent.transcription_node."""
        words: AsyncIterable[str] = Agent.default.transcription_node(self, text, model_settings)
        if self.speech_filter is not None:
            words = self.speech_filter.spoken(words, filtered=not self._speaks_itself)
        async for part in self._interruptions.note(words):
            yield part

    @property
    def _speaks_itself(self) -> bool:
        """Whether its words come with their sound, from a realtime model."""
        try:
            return bool(self.realtime_llm_session)
        except RuntimeError:
            return False
