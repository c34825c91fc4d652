"""Transcripts that are asked for while the caller may still go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, stt

from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculation import Speculation
from agent.pipeline.speculative_stream import SETTLE_S
from agent.pipeline.speculative_stt import SpeculativeSTT
from tests.fakes.detector import WINDOW_S, ScriptedVAD, Windows
from tests.fakes.recogniser import HeldRecogniser, Request

RATE_HZ = 16_000
OPTIONS = APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=5.0)
PREFLIGHT = stt.SpeechEventType.PREFLIGHT_TRANSCRIPT
FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT


class Line:
    """A caller on one end, the transcripts on the other."""

    def __init__(self, options: APIConnectOptions = OPTIONS, max_wasted_per_min: int = 20) -> None:
        self.server = HeldRecogniser()
        self._detector = ScriptedVAD()
        shared = SharedVAD(self._detector)
        self.stt = SpeculativeSTT(self.server, vad=shared, max_wasted_per_min=max_wasted_per_min)
        self.errors: list[stt.STTError] = []
        self.stt.on("error", self.errors.append)
        self.stream = self.stt.stream(conn_options=options)
        self._session = shared.stream()
        self._windows = Windows()

    async def speak(self, duration_s: float) -> None:
        """The caller is voiced for this long."""
        await self._pass(duration_s, voiced=True, level=1000)

    async def pause(self, duration_s: float) -> None:
        """The caller is quiet for this long."""
        await self._pass(duration_s, voiced=False, level=1)

    async def speak_muted(self, duration_s: float) -> None:
        """The detector hears the caller, the transcription gets silence instead."""
        await self._pass(duration_s, voiced=True, level=0)

    async def send_at_once(self, *parts: tuple[bool, float]) -> None:
        """Audio that was recorded before: voiced or not, and how long. It is all there before the
        detector has looked at any of it.
        """
        count = [(voiced, round(duration_s / WINDOW_S)) for voiced, duration_s in parts]
        windows = [voiced for voiced, number in count for _ in range(number)]
        for voiced in windows:
            samples = np.full(round(WINDOW_S * RATE_HZ), 1000 if voiced else 1, dtype=np.int16)
            self.stream.push_frame(rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, samples.size))
        await settle()
        for voiced in windows:
            for event in self._windows.next(voiced=voiced):
                self._detector.events.put_nowait(event)
                await anext(self._session)
            await settle()

    async def end_turn(self) -> None:
        """The session takes the turn for finished."""
        self.stream.flush()
        await settle()

    async def request(self, index: int) -> Request:
        """The request of this number, once it was sent."""
        async with asyncio.timeout(2):
            return await self.server.request(index)

    async def answer(self, index: int, text: str) -> None:
        """The server answers a request."""
        (await self.request(index)).answer.set_result(text)
        await settle()

    async def refuse(self, index: int) -> None:
        """The server fails a request."""
        (await self.request(index)).answer.set_exception(APIConnectionError("refused"))
        await settle()

    async def transcript(self) -> tuple[stt.SpeechEventType, str]:
        """The next event that carries words."""
        async with asyncio.timeout(2):
            async for event in self.stream:
                if event.alternatives:
                    return event.type, event.alternatives[0].text
        raise AssertionError("the stream ended")

    async def aclose(self) -> None:
        await self.stream.aclose()
        await self._session.aclose()

    async def _pass(self, duration_s: float, *, voiced: bool, level: int) -> None:
        samples = np.full(round(WINDOW_S * RATE_HZ), level, dtype=np.int16)
        for _ in range(round(duration_s / WINDOW_S)):
            self.stream.push_frame(rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, samples.size))
            await settle()
            for event in self._windows.next(voiced=voiced):
                self._detector.events.put_nowait(event)
                await anext(self._session)
            await settle()


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(8):
        await asyncio.sleep(0)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    yield line
    await line.aclose()


async def test_the_transcript_is_asked_for_in_the_pause_and_final_at_the_end_of_turn(
    line: Line,
) -> None:
    """One request serves the reply that is made ahead and the final transcript."""
    await line.speak(1.0)
    await line.pause(0.13)
    await line.answer(0, "When are you open?")
    assert await line.transcript() == (PREFLIGHT, "When are you open?")
    await line.pause(0.3)
    await line.end_turn()
    assert await line.transcript() == (FINAL, "When are you open?")
    assert len(line.server.requests) == 1
    assert (line.stt.speculation.asked, line.stt.speculation.wasted) == (1, 0)


async def test_a_caller_who_goes_on_is_recognised_in_one_piece(line: Line) -> None:
    """The answer about the first half is dropped; the next request holds the whole utterance."""
    await line.speak(1.0)
    await line.pause(0.5)
    first = await line.request(0)
    await line.speak(0.8)
    first.answer.set_result("What time is it")
    await line.pause(0.4)
    await line.answer(1, "What time is it in Paris?")
    await line.end_turn()
    assert await line.transcript() == (PREFLIGHT, "What time is it in Paris?")
    assert await line.transcript() == (FINAL, "What time is it in Paris?")
    assert line.server.requests[1].audio_s == pytest.approx(2.3 + 0.1, abs=0.1)
    assert line.stt.speculation.wasted == 1


async def test_a_transcript_that_became_stale_is_replaced_by_the_next(line: Line) -> None:
    """A reply may have been begun on it; the final transcript is the whole one all the same."""
    await line.speak(1.0)
    await line.pause(0.5)
    await line.answer(0, "I would like")
    assert await line.transcript() == (PREFLIGHT, "I would like")
    await line.speak(0.6)
    await line.pause(0.4)
    await line.end_turn()
    await line.answer(1, "I would like a table.")
    assert await line.transcript() == (FINAL, "I would like a table.")


async def test_what_arrives_all_at_once_is_recognised_whole(line: Line) -> None:
    """As a client sends it that recorded the caller before the agent had come. What is said after
    that is again sent with no more than its lead-in.
    """
    await line.send_at_once((False, 0.5), (True, 1.5), (False, 2.5))
    await line.answer(0, "When are you open?")
    await line.end_turn()
    assert await line.transcript() == (PREFLIGHT, "When are you open?")
    assert await line.transcript() == (FINAL, "When are you open?")
    assert line.server.requests[0].audio_s == pytest.approx(4.5, abs=0.1)
    await line.pause(3.0)
    await line.speak(1.0)
    await line.pause(0.13)
    assert (await line.request(1)).audio_s == pytest.approx(1.7, abs=0.15)


async def test_nothing_is_asked_in_the_gaps_of_a_word(line: Line) -> None:
    """One window of silence is a consonant."""
    for _ in range(5):
        await line.speak(0.2)
        await line.pause(WINDOW_S)
    assert line.server.requests == []


async def test_a_click_in_the_pause_does_not_spoil_the_transcript(line: Line) -> None:
    """One loud window is no word: the request stands."""
    await line.speak(1.0)
    await line.pause(0.13)
    await line.speak(WINDOW_S)
    await line.pause(0.4)
    await line.answer(0, "Yes, please.")
    await line.end_turn()
    assert await line.transcript() == (PREFLIGHT, "Yes, please.")
    assert len(line.server.requests) == 1


async def test_an_end_of_turn_waits_for_the_answer(line: Line) -> None:
    """When the server is slower than the decision, its answer is final at once."""
    await line.speak(1.0)
    await line.pause(0.3)
    await line.end_turn()
    await line.answer(0, "Hello.")
    assert await line.transcript() == (FINAL, "Hello.")


async def test_at_the_cap_only_the_end_of_speech_is_transcribed() -> None:
    """A caller with many pauses does not cost more than the operator allowed."""
    line = Line(max_wasted_per_min=1)
    await line.speak(0.5)
    await line.pause(0.13)
    await line.request(0)
    await line.speak(0.5)
    await line.pause(0.13)
    assert len(line.server.requests) == 1
    await line.pause(0.2)
    await line.answer(1, "At last.")
    await line.end_turn()
    assert await line.transcript() == (PREFLIGHT, "At last.")
    assert line.stt.speculation.held_back > 0
    await line.aclose()


def test_the_cap_counts_the_last_minute_only() -> None:
    """What was wasted a minute ago allows guessing again."""
    now_s = 100.0
    speculation = Speculation(2, clock=lambda: now_s)
    speculation.waste()
    assert speculation.allows()
    speculation.waste()
    assert not speculation.allows()
    now_s = 161.0
    assert speculation.allows()
    assert (speculation.wasted, speculation.held_back) == (2, 1)


async def test_a_failed_guess_is_no_error(line: Line) -> None:
    """The end of speech asks again, and nobody hears of the first failure."""
    await line.speak(1.0)
    await line.pause(0.13)
    await line.refuse(0)
    await line.pause(0.2)
    await line.answer(1, "Again.")
    await line.end_turn()
    assert await line.transcript() == (PREFLIGHT, "Again.")
    assert line.errors == []


async def test_a_failed_final_request_is_an_error(line: Line) -> None:
    """After its retry the stream ends with the error, and the session is told."""
    await line.speak(1.0)
    await line.pause(0.13)
    await line.refuse(0)
    await line.pause(0.16)
    await line.refuse(1)
    await line.refuse(2)
    with pytest.raises(APIError):
        await line.transcript()
    assert line.errors
    assert not line.errors[-1].recoverable


async def test_a_server_that_never_answers_is_asked_again() -> None:
    """Within the session's timeout, not the HTTP client's half a minute."""
    line = Line(APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=0.05))
    await line.speak(1.0)
    await line.pause(0.3)
    await line.request(1)
    await line.answer(1, "Here.")
    await line.end_turn()
    assert await line.transcript() == (PREFLIGHT, "Here.")
    await line.aclose()


async def test_what_the_transcription_must_not_hear_is_not_sent(line: Line) -> None:
    """During a passage that may not be interrupted the session passes silence on."""
    await line.speak_muted(1.0)
    await line._pass(0.4, voiced=False, level=0)
    await line.end_turn()
    assert line.server.requests == []


async def test_a_noise_without_words_leaves_nothing_behind(line: Line) -> None:
    """A cough gives no transcript, and is no part of the next utterance."""
    await line.speak(0.3)
    await line.pause(0.4)
    await line.answer(0, "")
    await line.end_turn()
    await line.pause(2.0)
    await line.speak(1.0)
    await line.pause(0.4)
    await line.answer(1, "Hello.")
    assert await line.transcript() == (PREFLIGHT, "Hello.")
    assert line.server.requests[1].audio_s < 2.2


async def test_what_is_final_is_not_sent_again(line: Line) -> None:
    """A caller who speaks on right after the end of a turn begins a new transcript."""
    await line.speak(1.0)
    await line.pause(0.3)
    await line.answer(0, "Hello.")
    await line.end_turn()
    await line.speak(0.5)
    await line.pause(0.13)
    assert (await line.request(1)).audio_s <= 0.3 + 0.5 + 0.13 + WINDOW_S


async def test_a_long_silence_settles_the_transcript(line: Line) -> None:
    """Where nobody asks for the end of the turn, the words are not lost."""
    await line.speak(1.0)
    await line.pause(0.3)
    await line.answer(0, "Anybody there?")
    assert await line.transcript() == (PREFLIGHT, "Anybody there?")
    await line.pause(SETTLE_S)
    assert await line.transcript() == (FINAL, "Anybody there?")


async def test_the_detector_runs_once(line: Line) -> None:
    """The transcription listens to the session's detector instead of running its own."""
    assert line._detector.streams == 1
