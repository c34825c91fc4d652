"""Ports on loopback that nobody uses yet."""

import socket
from collections.abc import Callable

LOOPBACK = "127.0.0.1"


def is_free(
    port: int, *, kind: socket.SocketKind = socket.SOCK_STREAM, host: str = LOOPBACK
) -> bool:
    """Whether a server could listen on the port now; an empty `host` means on every address."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As servers do: connections of an earlier run that wind down are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose_port(
    usual: int,
    *,
    kind: socket.SocketKind = socket.SOCK_STREAM,
    host: str = LOOPBACK,
    moved: Callable[[int, int], None] | None = None,
) -> int:
    """The usual port, or where it is taken one that the system picks; `moved` hears of both then.

    A usual port of 0 stands for any.

    Another program can still take the port before the caller's server does; it then fails to
    start and says so.
    """
    if usual and is_free(usual, kind=kind, host=host):
        return usual
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port = int(probe.getsockname()[1])
    if usual and moved is not None:
        moved(usual, port)
    return port
