"""The telephone: a caller joins a room, speaks, hears, reads and hangs up."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from livekit import api, rtc

from tests.caller.analysis import Span
from tests.caller.captions import Captions
from tests.caller.ear import SAMPLE_RATE_HZ, Ear
from tests.caller.microphone import Microphone, Utterance
from tests.caller.processes import Child
from tests.caller.recognition import Words, understand
from tests.caller.speech import Clip, Voice, speak
from tests.caller.stack import AGENT_NAME, API_KEY, API_SECRET

STATE_ATTRIBUTE = "lk.agent.state"
CHAT_TOPIC = "lk.chat"
JOIN_DEADLINE_S = 20.0
ROOM_POLL_S = 0.1
HEAR_DEADLINE_S = 20.0
REPLY_QUIET_S = 1.2
"""Quiet after which a reply counts as ended: longer than a voice rests between sentences, and than
a provider needs from one sentence to the next.
"""
MOST_GAP_S = 4.0
"""Quiet, on a machine that is too busy, within a reply that its agent still speaks."""
PATIENCE = "One moment, please."
"""What the agent plays when its answer takes long."""
SILENCED_QUIET_S = 0.6
"""Quiet after which an interrupted agent counts as silenced: espeak rests at most 0.35 s."""


class CallError(AssertionError):
    """The call did not go as the caller expected; the message says what was seen and heard."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller heard: `words` recognised from the audio; moments on the monotonic clock."""

    words: Words
    started_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller's words over the agent's, and the end of the agent's last audible window."""

    utterance: Utterance
    silenced_s: float

    @property
    def barge_in_s(self) -> float:
        """From the caller's first voiced sample to the agent's last audible one."""
        return self.silenced_s - self.utterance.first_sample_s


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who can call: knows the server, and whose logs to show when a call fails."""

    url: str
    logs: Sequence[Child] = ()
    agent_name: str = AGENT_NAME
    voice: Voice = "slt"

    def call(
        self,
        metadata: Mapping[str, Any] | str | None = None,
        *,
        room: str | None = None,
        identity: str | None = None,
        voice: Voice | None = None,
        dispatched: bool = True,
    ) -> Call:
        """A call to be entered with `async with`. A mapping of metadata names the caller as the
        job's expected participant, as our token endpoint does; a string is sent as it stands.
        With `dispatched=False` the token asks for no agent.
        """
        identity = identity or f"caller-{uuid.uuid4().hex[:8]}"
        if metadata is None or isinstance(metadata, Mapping):
            metadata = json.dumps({"participant_identity": identity, **(metadata or {})})
        room = room or f"room-{uuid.uuid4().hex[:8]}"
        token = self.token(room, identity, metadata if dispatched else None)
        return Call(self, room=room, identity=identity, token=token, voice=voice or self.voice)

    def token(self, room: str, identity: str, metadata: str | None) -> str:
        """A token as the token endpoint makes them; without metadata it dispatches no agent."""
        grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True)
        token = api.AccessToken(API_KEY, API_SECRET).with_identity(identity).with_grants(grants)
        if metadata is not None:
            dispatch = api.RoomAgentDispatch(agent_name=self.agent_name, metadata=metadata)
            token = token.with_room_config(api.RoomConfiguration(agents=[dispatch]))
        return token.with_ttl(timedelta(minutes=5)).to_jwt()

    async def dispatch(self, room: str, metadata: str) -> None:
        """Send an agent into a room, with job metadata of any size."""
        async with self._server() as server:
            await server.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(
                    agent_name=self.agent_name, room=room, metadata=metadata
                )
            )

    async def wait_until_room_is_gone(self, room: str, deadline_s: float = 15.0) -> None:
        """Wait until the server lists no such room; raises CallError after `deadline_s`."""
        give_up_s = time.monotonic() + deadline_s
        async with self._server() as server:
            while (await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms:
                if time.monotonic() > give_up_s:
                    logs = "\n".join(log.tail() for log in self.logs)
                    raise CallError(f"room {room} still stands after {deadline_s} s\n{logs}")
                await asyncio.sleep(ROOM_POLL_S)

    def _server(self) -> api.LiveKitAPI:
        return api.LiveKitAPI(self.url.replace("ws", "http", 1), API_KEY, API_SECRET)


class Call:
    """One participant in a room with an agent. All deadlines are in seconds from the call of the
    method; one that passes raises CallError with states, captions and the last log lines.
    """

    def __init__(
        self, caller: Caller, *, room: str, identity: str, token: str, voice: Voice
    ) -> None:
        self.room_name = room
        self.identity = identity
        self.room = rtc.Room()
        self.ear = Ear()
        self.states: list[str] = []
        self.joined_s = 0.0
        self.agent: rtc.RemoteParticipant | None = None
        self.agent_left = False
        self.disconnect_reason: str | None = None
        self._caller = caller
        self._token = token
        self._voice: Voice = voice
        self._microphone = Microphone()
        self.captions = Captions(identity, self.ear.notify)
        self._mark_s = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._watch()
        self.captions.attach(self.room)
        await self.room.connect(self._caller.url, self._token)
        self.joined_s = time.monotonic()
        for participant in self.room.remote_participants.values():
            self._on_participant(participant)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._microphone.source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self._microphone.start()
        await self.room.local_participant.publish_track(track, options)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()
        await self.captions.aclose()
        await self.ear.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ended(self) -> bool:
        """Whether the caller was put out of the room, or is alone in it after the agent left."""
        return self.agent_left or self.disconnect_reason is not None

    @property
    def late_frames(self) -> int:
        """Microphone frames that left after their time; see Microphone."""
        return self._microphone.late_frames

    async def greeting(self, deadline_s: float = HEAR_DEADLINE_S) -> Reply:
        """What the agent says first."""
        return await self.reply(deadline_s=deadline_s)

    async def greeted(self, deadline_s: float = HEAR_DEADLINE_S) -> None:
        """Wait until the agent has said what it says first, and listens. Sooner there than
        `greeting`, for callers who do not care what it was.
        """
        await self._until(lambda: bool(self._heard()), "the agent to say something", deadline_s)

        def listens() -> bool:
            return self.states[-1:] == ["listening"] and not self.ear.is_hearing

        await self._until(listens, "the agent to listen", deadline_s)
        self._mark_s = self._heard()[-1].end_s

    async def say(self, text: str | Clip, *, voice: Voice | None = None) -> Utterance:
        """Speak in real time; returns when the last voiced sample has left the microphone. What
        the agent says from then on is the reply.
        """
        utterance = await self._microphone.say(await self._clip(text, voice))
        self._mark_s = utterance.last_sample_s
        return utterance

    async def type(self, text: str) -> None:
        """Send a text message to the agent. What it says from then on is the reply."""
        self._mark_s = time.monotonic()
        await self.room.local_participant.send_text(text, topic=CHAT_TOPIC)

    async def reply(
        self, *, deadline_s: float = HEAR_DEADLINE_S, quiet_s: float = REPLY_QUIET_S
    ) -> Reply:
        """What the agent says after the caller's last words, recognised; see `hear`. On a busy
        machine it may ask for a moment's patience or rest within the reply, its state still
        "speaking": the caller waits for the rest.
        """
        heard = await self.hear(deadline_s=deadline_s, quiet_s=quiet_s)
        words = await self.understand(heard.start_s, heard.end_s)
        while words.is_only(PATIENCE) or await self._goes_on():
            more = await self.hear(deadline_s=deadline_s, quiet_s=quiet_s)
            heard = Span(heard.start_s, more.end_s)
            words = await self.understand(heard.start_s, heard.end_s)
        return Reply(words, heard.start_s, heard.end_s)

    async def hear(
        self, *, deadline_s: float = HEAR_DEADLINE_S, quiet_s: float = REPLY_QUIET_S
    ) -> Span:
        """When the agent speaks after the caller's last words: waits until it is audible, then
        until it was quiet for `quiet_s` or has left. Nothing is heard twice.
        """
        await self._until(lambda: bool(self._heard()), "the agent to say something", deadline_s)

        def is_over() -> bool:
            return self.ended or time.monotonic() - self._heard()[-1].end_s >= quiet_s

        await self._until(is_over, "the agent to finish", deadline_s + 60.0)
        heard = Span(self._heard()[0].start_s, self._heard()[-1].end_s)
        self._mark_s = heard.end_s
        return heard

    async def interrupt(
        self,
        text: str | Clip,
        *,
        after_s: float = 1.0,
        voice: Voice | None = None,
        deadline_s: float = HEAR_DEADLINE_S,
    ) -> Interruption:
        """Talk over the agent once it was audible for `after_s`, and wait until it is silenced.
        What it says from then on is the reply.
        """
        clip = await self._clip(text, voice)
        await self._until(lambda: self._hears_since(after_s), "the agent to talk", deadline_s)
        utterance = await self._microphone.say(clip)
        first_s = utterance.first_sample_s

        def is_silenced() -> bool:
            return self._silenced_s(first_s) is not None

        await self._until(is_silenced, "the agent to fall silent", deadline_s)
        silenced_s = self._silenced_s(first_s)
        assert silenced_s is not None  # the wait above found it
        self._mark_s = max(silenced_s, first_s)
        return Interruption(utterance, silenced_s)

    async def heard_for(self, duration_s: float, *, deadline_s: float = HEAR_DEADLINE_S) -> None:
        """Wait until the agent has been audible without a pause for this long, and still is."""
        await self._until(lambda: self._hears_since(duration_s), "the agent to talk", deadline_s)

    async def hears_nothing(self, for_s: float) -> bool:
        """Whether the agent stays inaudible for this long from now."""
        from_s = time.monotonic()
        await self.ear.until(lambda: self.ended or bool(self._spans_after(from_s)), for_s)
        return not self._spans_after(from_s)

    async def wait_for_agent(self, deadline_s: float = JOIN_DEADLINE_S) -> rtc.RemoteParticipant:
        """The agent's participant, once it has joined."""
        await self._until(lambda: self.agent is not None, "an agent to join", deadline_s)
        assert self.agent is not None  # the wait above found it
        return self.agent

    async def wait_until_ended(self, deadline_s: float = HEAR_DEADLINE_S) -> None:
        """Wait until the agent has left or the room was closed."""
        await self._until(lambda: self.ended, "the call to end", deadline_s)

    async def wait_for_state(self, state: str, deadline_s: float = HEAR_DEADLINE_S) -> None:
        """Wait until the agent's state is this one."""
        await self._until(
            lambda: bool(self.states) and self.states[-1] == state, f"state {state}", deadline_s
        )

    async def wait_for_caption(
        self, speaker: str, phrase: str, deadline_s: float = HEAR_DEADLINE_S
    ) -> None:
        """Wait until one side's captions hold these words, taken together."""

        def is_shown() -> bool:
            shown = " ".join(c.text for c in self.captions.all if c.speaker == speaker)
            return phrase in Words(shown)

        await self._until(is_shown, f"the caption {phrase!r} of the {speaker}", deadline_s)

    async def understand(self, start_s: float, end_s: float) -> Words:
        """The words in what was heard between two moments of the monotonic clock."""
        samples = self.ear.samples(start_s - 0.2, end_s + 0.2)
        return await asyncio.to_thread(understand, samples, SAMPLE_RATE_HZ)

    async def hang_up(self) -> None:
        """Leave the room. Harmless when the call has ended."""
        await self._microphone.aclose()
        await self.room.disconnect()

    async def _clip(self, text: str | Clip, voice: Voice | None) -> Clip:
        if isinstance(text, Clip):
            return text
        return await asyncio.to_thread(speak, text, voice or self._voice)

    def _spans_after(self, moment_s: float) -> list[Span]:
        return [span for span in self.ear.spans if span.start_s > moment_s]

    def _heard(self) -> list[Span]:
        return self._spans_after(self._mark_s)

    async def _goes_on(self) -> bool:
        """Whether an agent that fell silent in the midst of speaking is heard again."""

        def is_known() -> bool:
            return bool(self._heard()) or self.ended or self.states[-1:] != ["speaking"]

        await self.ear.until(is_known, MOST_GAP_S)
        return bool(self._heard())

    def _hears_since(self, duration_s: float) -> bool:
        spans = self.ear.spans
        return self.ear.is_hearing and time.monotonic() - spans[-1].start_s >= duration_s

    def _silenced_s(self, moment_s: float) -> float | None:
        """When the speech that was on at a moment ended, if SILENCED_QUIET_S of quiet followed."""
        end_s: float | None = None
        for span in self.ear.spans:
            is_next = end_s is not None and span.start_s - end_s >= SILENCED_QUIET_S
            if span.start_s > moment_s and (end_s is None or is_next):
                break
            end_s = span.end_s
        if end_s is None or time.monotonic() - end_s < SILENCED_QUIET_S:
            return None
        return end_s

    async def _until(self, holds: Callable[[], bool], what: str, deadline_s: float) -> None:
        ended_before = self.ended

        def is_settled() -> bool:
            return holds() or (self.ended and not ended_before)

        await self.ear.until(is_settled, deadline_s)
        if not holds():
            why = "the call ended" if self.ended else f"{deadline_s} s passed"
            raise CallError(f"waited for {what}, but {why}\n{self.describe()}")

    def describe(self) -> str:
        """The call so far, for people: who was there, what was shown and heard, the last logs."""
        spans = ", ".join(
            f"{span.start_s - self.joined_s:.2f} to {span.end_s - self.joined_s:.2f}"
            for span in self.ear.spans
        )
        captions = "\n".join(f"  {c.speaker}: {c.text!r}" for c in self.captions.all)
        lines = [
            f"room {self.room_name}, {time.monotonic() - self.joined_s:.1f} s after joining",
            f"agent {self.agent.identity if self.agent else None}, states {self.states}",
            f"agent left {self.agent_left}, disconnected {self.disconnect_reason}",
            f"audible at {spans or 'no time'} s of {self.ear.heard_s:.1f} s of audio",
            f"captions:\n{captions}",
            *(log.tail() for log in self._caller.logs),
        ]
        return "\n".join(lines)

    def _watch(self) -> None:
        self.room.on("participant_connected", self._on_participant)
        self.room.on("participant_disconnected", self._on_participant_left)
        self.room.on("participant_attributes_changed", self._on_attributes)
        self.room.on("track_subscribed", self._on_track)
        self.room.on("disconnected", self._on_disconnected)

    def _on_participant(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT and self.agent is None:
            self.agent = participant
            self._note_state(participant.attributes.get(STATE_ATTRIBUTE))
            self._spawn(self.ear.notify())

    def _on_participant_left(self, participant: rtc.RemoteParticipant) -> None:
        if self.agent is not None and participant.identity == self.agent.identity:
            self.agent_left = True
            self._spawn(self.ear.notify())

    def _on_attributes(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity != self.identity:
            self._note_state(changed.get(STATE_ATTRIBUTE))
            self._spawn(self.ear.notify())

    def _on_track(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        is_agent = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        if track.kind == rtc.TrackKind.KIND_AUDIO and is_agent:
            self.ear.listen(track)

    def _on_disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        self.disconnect_reason = rtc.DisconnectReason.Name(reason)
        self._spawn(self.ear.notify())

    def _note_state(self, state: str | None) -> None:
        if state and (not self.states or self.states[-1] != state):
            self.states.append(state)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
