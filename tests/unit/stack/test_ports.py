"""Ports on loopback."""

import socket

from agent.stack.ports import choose_port, is_free


def test_the_usual_port_is_used_while_it_is_free() -> None:
    """A port that nobody uses is taken as it is, and nobody is told of a move."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    moves: list[tuple[int, int]] = []
    assert choose_port(port, moved=lambda *ports: moves.append(ports)) == port
    assert moves == []


def test_a_taken_port_is_replaced_and_told() -> None:
    """Where the usual port is taken, another free one is used and both are told."""
    moves: list[tuple[int, int]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        chosen = choose_port(taken, moved=lambda *ports: moves.append(ports))
    assert chosen != taken
    assert is_free(chosen)
    assert moves == [(taken, chosen)]


def test_udp_and_tcp_ports_are_apart() -> None:
    """A port taken for UDP is still free for TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not is_free(port, kind=socket.SOCK_DGRAM)
        assert is_free(port)


def test_port_0_becomes_a_real_port() -> None:
    """Zero, "any port", gives a number that can be put into a URL."""
    assert choose_port(0) > 0
