"""Ports: free ones, and one that stays ours."""

import socket

import pytest

from launcher import ports
from launcher.errors import LaunchError


def listening(port: int, *options: int) -> socket.socket:
    listener = socket.socket()
    for option in options:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
    listener.bind((ports.HOST, port))
    listener.listen()
    return listener


def test_a_port_that_is_taken_leads_to_the_next_free_one() -> None:
    first = ports.pick()
    with listening(first, socket.SO_REUSEPORT, socket.SO_REUSEADDR):
        port, holder = ports.reserve_web(first)
        holder.close()
    assert port > first


def test_a_second_copy_does_not_share_the_port_of_the_first() -> None:
    first = ports.pick()
    one, one_holder = ports.reserve_web(first)
    other, other_holder = ports.reserve_web(first)
    with one_holder, other_holder:
        assert one == first
        assert other > first


def test_a_reserved_port_is_open_to_our_web_server_only() -> None:
    port, holder = ports.reserve_web(ports.pick())
    with holder:
        assert not ports.accepts(port)
        with listening(port, socket.SO_REUSEPORT):
            assert ports.accepts(port)
        with pytest.raises(OSError, match="in use"):
            listening(port)


def test_server_ports_lie_below_those_of_outgoing_connections() -> None:
    assert all(15_000 <= ports.pick() < 30_000 for _ in range(20))


def test_no_free_port_at_all_is_said_in_words() -> None:
    with listening(65_535), pytest.raises(LaunchError, match="No free port"):
        ports.reserve_web(65_535)
