"""The embedded LiveKit server: its program, its ports, its part."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from agent.errors import ParleyError
from agent.stack.part import AnswersHttp, Part
from agent.stack.ports import LOOPBACK, choose_port

CONFIG = "livekit.yaml"
INSTALLER = "scripts/install-livekit-server"
HTTP_PORT, RTC_TCP_PORT, RTC_UDP_PORT = 7880, 7881, 7882
"""The ports of livekit.yaml; the tests compare them with the file."""
LOOK_UP_S = 30


class ServerMissingError(ParleyError):
    """There is no livekit-server to start; the message tells how to get one."""


def find_server(project: Path) -> str:
    """The path of a livekit-server that is new enough.

    Raises:
        ServerMissingError: there is none.
    """
    look_up = [str(project / INSTALLER), "--print-path"]
    try:
        found = subprocess.run(
            look_up, capture_output=True, text=True, timeout=LOOK_UP_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerMissingError(f"{INSTALLER} cannot be run: {error}") from error
    if found.returncode != 0:
        raise ServerMissingError(found.stderr.strip())
    return found.stdout.strip().splitlines()[-1]


def server_part(
    program: str, project: Path, moved: Callable[[str, int, int], None]
) -> tuple[Part, str]:
    """The part, and the URL that clients of the server use.

    `moved` hears of each port that is taken: what it is for, the usual one, the one used instead.
    """
    http = choose_port(HTTP_PORT, moved=lambda usual, now: moved("LiveKit", usual, now))
    # The server binds its media ports on every address: livekit.yaml tells why.
    tcp = choose_port(
        RTC_TCP_PORT, host="", moved=lambda usual, now: moved("LiveKit media (TCP)", usual, now)
    )
    udp = choose_port(
        RTC_UDP_PORT,
        host="",
        kind=socket.SOCK_DGRAM,
        moved=lambda usual, now: moved("LiveKit media (UDP)", usual, now),
    )
    part = Part(
        name="livekit",
        argv=(
            program,
            "--config",
            str(project / CONFIG),
            "--port",
            str(http),
            "--rtc.tcp_port",
            str(tcp),
            "--udp-port",
            str(udp),
        ),
        ready=AnswersHttp(f"http://{LOOPBACK}:{http}/"),
        # While somebody is in a room it would wait for them without end.
        stop_within_s=2.0,
    )
    return part, f"ws://{LOOPBACK}:{http}"
