"""A talk with the realtime API over WebRTC: aiortc as the browser, with a microphone and ears."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import aiohttp
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from agent.sandbox.realtime.webrtc.addresses import offer_them
from tests.integration.sandbox.realtime_talk import speech

RATE_HZ = 48_000
_STEP = RATE_HZ // 50
_PATIENCE_S = 20
_SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)

Event = dict[str, Any]


class Microphone(MediaStreamTrack):
    """Sends what is said, and silence else, in real time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[NDArray[np.int16]] = deque()
        self._sent = 0
        self._begun: float | None = None

    def say(self, text: str, *, voice: str = "slt") -> None:
        """Begin to speak."""
        samples = speech(text, voice=voice, rate_hz=RATE_HZ)
        padded = np.pad(samples, (0, -len(samples) % _STEP))
        self._waiting.extend(padded.reshape(-1, _STEP))

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        self._begun = now if self._begun is None else self._begun
        await asyncio.sleep(self._begun + self._sent * 0.02 - now)
        samples = self._waiting.popleft() if self._waiting else np.zeros(_STEP, np.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = self._sent * _STEP
        self._sent += 1
        return frame


class RtcTalk:
    """One call; `events` are all that came, each valid by openai's types."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, key: str) -> None:
        offer_them()  # of a browser on a machine without a network, too
        self.events: list[Event] = []
        self.microphone = Microphone()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.pc.createDataChannel("oai-events")
        self.closed = asyncio.Event()
        self.location = ""
        self._http, self._base_url, self._key = http, base_url, key
        self._received: asyncio.Queue[str] = asyncio.Queue()
        self._heard: list[NDArray[np.int16]] = []
        self._listening: asyncio.Task[None] | None = None
        self.channel.on("message", self._received.put_nowait)
        self.channel.on("close", self.closed.set)
        self.pc.on("track", self._take)
        self.pc.addTrack(self.microphone)

    async def connect(self, *, without_candidates: bool = False) -> None:
        """Post the offer as OpenAI's JavaScript does, and wait for session.created."""
        offer = await self.pc.createOffer()
        await self.pc.setLocalDescription(offer)
        sdp = self.pc.localDescription.sdp
        if without_candidates:
            sdp = "".join(line for line in sdp.splitlines(keepends=True) if "candidate" not in line)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/sdp"}
        url = f"{self._base_url}/realtime/calls"
        async with self._http.post(url, data=sdp, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            assert answer.content_type == "application/sdp"
            self.location = answer.headers["Location"]
            await self.take(await answer.text())

    async def take(self, answer: str) -> None:
        """Go on with this SDP answer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        assert (await self.next())["type"] == "session.created"

    def send(self, kind: str, **fields: object) -> None:
        """Send a client event."""
        self.channel.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> Event:
        """The next event."""
        async with asyncio.timeout(_PATIENCE_S):
            event: Event = json.loads(await self._received.get())
        _SERVER_EVENT.validate_python(event)
        self.events.append(event)
        return event

    async def until(self, kind: str) -> list[Event]:
        """The events up to and with the next of this type."""
        events = [await self.next()]
        while events[-1]["type"] != kind:
            events.append(await self.next())
        return events

    @property
    def heard(self) -> NDArray[np.int16]:
        """All sound so far: int16, (samples,), 48 kHz mono."""
        return np.concatenate(self._heard) if self._heard else np.zeros(0, np.int16)

    def forget_sound(self) -> None:
        """Hear anew."""
        self._heard.clear()

    async def aclose(self) -> None:
        """Leave, as a page that is closed."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.pc.close()

    def _take(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            self._heard.append(frame.to_ndarray().reshape(-1, 2)[:, 0].astype(np.int16))


@asynccontextmanager
async def rtc_talk(
    base_url: str, *, key: str = "any", without_candidates: bool = False
) -> AsyncIterator[RtcTalk]:
    """A call that has said session.created."""
    async with aiohttp.ClientSession() as http:
        talk = RtcTalk(http, base_url, key)
        try:
            await talk.connect(without_candidates=without_candidates)
            yield talk
        finally:
            await talk.aclose()
