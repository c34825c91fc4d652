"""The embedded LiveKit server, started with livekit.yaml as `dev` starts it."""

import asyncio
import io
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from livekit import api, rtc

from agent.settings import DEVELOPMENT_API_KEY, DEVELOPMENT_API_SECRET
from agent.stack import Console, Stack
from agent.stack.livekit_server import (
    CONFIG,
    HTTP_PORT,
    RTC_TCP_PORT,
    RTC_UDP_PORT,
    find_server,
    server_part,
)

PROJECT = Path(__file__).parents[3]
PATIENCE_S = 20.0


def no_matter(*_: object) -> None:
    """Where the port moved to is of no interest."""


@pytest.fixture
async def server_url() -> AsyncIterator[str]:
    """The URL of a running embedded server."""
    part, url = server_part(find_server(PROJECT), PROJECT, no_matter)
    async with Stack(Console(io.StringIO())) as stack:
        await stack.start([part])
        yield url


def token(identity: str) -> str:
    """Leave to join the room "test"."""
    grants = api.VideoGrants(room_join=True, room="test")
    signed = api.AccessToken(DEVELOPMENT_API_KEY, DEVELOPMENT_API_SECRET)
    return signed.with_identity(identity).with_grants(grants).to_jwt()


async def test_two_clients_hear_each_other(server_url: str) -> None:
    """Media passes between two clients on this machine with the addresses that the file offers."""
    speaker, listener = rtc.Room(), rtc.Room()
    heard: asyncio.Queue[rtc.Track] = asyncio.Queue()
    listener.on("track_subscribed", lambda track, *_: heard.put_nowait(track))
    source = rtc.AudioSource(48_000, 1)
    async with asyncio.timeout(PATIENCE_S):
        await listener.connect(server_url, token("listener"))
        await speaker.connect(server_url, token("speaker"))
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        await speaker.local_participant.publish_track(track)
        speaking = asyncio.create_task(_speak(source))
        stream = rtc.AudioStream(await heard.get())
        async for event in stream:
            if max(abs(sample) for sample in event.frame.data) > 1000:
                break
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await stream.aclose()
        await speaker.disconnect()
        await listener.disconnect()
        await source.aclose()


async def _speak(source: rtc.AudioSource) -> None:
    """A square wave of 500 Hz, int16, until cancelled."""
    half = b"\x00\x20" * 48 + b"\x00\xe0" * 48
    while True:
        await source.capture_frame(rtc.AudioFrame(half * 10, 48_000, 1, 960))


async def test_taken_ports_are_passed_over() -> None:
    """With all three usual ports in use, the server runs on others and each move is told."""
    moves: list[tuple[str, int, int]] = []
    with _hold(HTTP_PORT), _hold(RTC_TCP_PORT), _hold(RTC_UDP_PORT, socket.SOCK_DGRAM):
        part, url = server_part(find_server(PROJECT), PROJECT, lambda *move: moves.append(move))
        async with Stack(Console(io.StringIO())) as stack:
            await stack.start([part])
            async with api.LiveKitAPI(url, DEVELOPMENT_API_KEY, DEVELOPMENT_API_SECRET) as livekit:
                await livekit.room.list_rooms(api.ListRoomsRequest())
    assert [usual for _, usual, _ in moves] == [HTTP_PORT, RTC_TCP_PORT, RTC_UDP_PORT]
    assert urlsplit(url).port == moves[0][2]


def _hold(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """Take a port, unless somebody has it already, which is as good."""
    holder = socket.socket(socket.AF_INET, kind)
    if kind == socket.SOCK_STREAM:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind(("", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
    except OSError:
        pass
    return holder


def test_the_file_and_the_code_agree() -> None:
    """The ports and the key that the code expects are those of livekit.yaml."""
    text = re.sub(r"(?m)^ *#.*\n", "", (PROJECT / CONFIG).read_text())
    assert f"\nport: {HTTP_PORT}\n" in f"\n{text}"
    assert f"  tcp_port: {RTC_TCP_PORT}\n" in text
    assert f"  udp_port: {RTC_UDP_PORT}\n" in text
    assert f"  {DEVELOPMENT_API_KEY}: {DEVELOPMENT_API_SECRET}\n" in text


async def test_signalling_is_bound_to_loopback(server_url: str) -> None:
    """Nobody on the network can join a room of the development server."""
    port = urlsplit(server_url).port
    addresses = [
        address.address
        for card in psutil.net_if_addrs().values()
        for address in card
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]
    for address in addresses:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address, port)
