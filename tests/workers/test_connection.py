"""Messages arrive whole and in order, or not at all."""

from __future__ import annotations

import pytest

from dsd_tf.workers.connection import Connection


def test_messages_and_what_goes_with_them_arrive_in_order(ends):
    here, there = map(Connection, ends)
    here.send({"file": "ä"}, bytes(range(256)) * 100)
    here.send({})
    assert there.receive() == ({"file": "ä"}, bytes(range(256)) * 100)
    assert there.receive() == ({}, b"")


def test_the_end_of_the_other_side_is_an_error(ends):
    here, there = map(Connection, ends)
    here.close()
    with pytest.raises(ConnectionResetError):
        there.receive()


def test_silence_beyond_the_timeout_is_an_error(ends):
    _, there = map(Connection, ends)
    there.set_timeout(0.01)
    with pytest.raises(TimeoutError):
        there.receive()


def test_those_who_speak_otherwise_are_recognised(ends):
    ends[0].sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    with pytest.raises(ConnectionError, match="not dsd_tf"):
        Connection(ends[1]).receive()
