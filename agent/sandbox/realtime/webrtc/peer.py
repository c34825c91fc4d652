"""One client's WebRTC connection: a session whose sound flows beside its events."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from agent.sandbox.errors import ApiError
from agent.sandbox.provider import Provider
from agent.sandbox.realtime.beginning import Beginning
from agent.sandbox.realtime.connection import Connection
from agent.sandbox.realtime.webrtc.addresses import offer_them
from agent.sandbox.realtime.webrtc.channel import LABEL, ChannelLine
from agent.sandbox.realtime.webrtc.played_sound import PlayedSound
from agent.sandbox.realtime.webrtc.tracks import SpeechTrack, mono
from agent.sandbox.realtime.wire import Wire
from agent.sandbox.script import Fault

_logger = logging.getLogger(__name__)

CONNECTED_WITHIN_S = 20.0
"""From the answer until the data channel is open."""
CLOSED_WITHIN_S = 3.0
_LOST = ("failed", "closed")


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asked for, and what befalls it."""

    beginning: Beginning
    fault: Fault | None = None


class Peer:
    """Answers an offer, then serves the session to its end."""

    def __init__(self, provider: Provider, order: Order) -> None:
        self._provider = provider
        self._order = order
        self._sound = PlayedSound()
        self._connection = Connection(provider, order.beginning, outbox=self._sound)
        self._sound.heard = self._connection.items.played_until
        offer_them()
        # Without servers that tell addresses: the client is on this machine or this network.
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._opened: asyncio.Future[ChannelLine] = asyncio.get_running_loop().create_future()
        self._line: ChannelLine | None = None
        self._listening: set[asyncio.Task[None]] = set()
        self._pc.on("datachannel", self._take_channel)
        self._pc.on("track", self._take_track)
        self._pc.on("connectionstatechange", self._changed)

    async def answer(self, sdp: str) -> str:
        """The answer to an offer. Raises ApiError, and is closed, if it is none that can be met."""
        try:
            await self._negotiate(sdp)
        except BaseException:
            await self._close()
            raise
        return self._pc.localDescription.sdp

    async def serve(self) -> None:
        """The session, until either side ends it; the connection is closed then."""
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                self._line = await self._opened
            wire = Wire(self._line, None, self._order.fault, self._next_response)
            await self._connection.run(self._line, wire)
        except TimeoutError:
            _logger.info("A WebRTC client did not connect in time")
        finally:
            await self._close()

    def hang_up(self) -> None:
        """End the session."""
        if self._line is not None:
            self._line.lost()
        elif not self._opened.done():
            self._opened.cancel()

    async def _negotiate(self, sdp: str) -> None:
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        except Exception as fault:
            raise _unusable("it cannot be read") from fault
        if self._pc.sctp is None:
            raise _unusable(f"it has no data channel; make one named {LABEL!r} before the offer")
        if not any(each.kind == "audio" for each in self._pc.getTransceivers()):
            raise _unusable("it has no audio")
        self._pc.addTrack(SpeechTrack(self._sound.next_frame))
        await self._pc.setLocalDescription(await self._pc.createAnswer())

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == LABEL and not self._opened.done():
            self._opened.set_result(ChannelLine(channel))

    def _take_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            task = asyncio.create_task(self._listen(track), name="listen")
            self._listening.add(task)
            task.add_done_callback(self._listening.discard)

    async def _listen(self, track: MediaStreamTrack) -> None:
        """Hear what the microphone sends; what comes before the session has begun is lost."""
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if self._line is not None and isinstance(frame, AudioFrame):
                await self._connection.hear(mono(frame), frame.sample_rate)

    def _changed(self) -> None:
        if self._pc.connectionState in _LOST:
            self.hang_up()

    def _next_response(self) -> Fault | None:
        return self._provider.script.take_fault("response")

    async def _close(self) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        # Waited for, and never cancelled: aiortc's own closing may wait for the same end.
        closing = asyncio.create_task(self._pc.close(), name="close")
        _, late = await asyncio.wait({closing}, timeout=CLOSED_WITHIN_S)
        if late:
            _logger.warning("A WebRTC connection did not close in time")


def _unusable(reason: str) -> ApiError:
    return ApiError(
        400, f"The SDP offer cannot be used: {reason}.", param="sdp", code="invalid_offer"
    )
