"""Workers as threads of one process, on free ports of this machine."""

from __future__ import annotations

import contextlib
import queue
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from dsd_tf.workers.cluster import Cluster
from dsd_tf.workers.connection import Connection
from dsd_tf.workers.team import Team


@pytest.fixture
def clusters() -> Callable[[int], list[Cluster]]:
    """What each of so many workers knows of its cluster; nobody listens at their ports."""

    def make(count: int) -> list[Cluster]:
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
            workers = tuple(f"127.0.0.1:{server.getsockname()[1]}" for server in servers)
        return [Cluster(workers, index) for index in range(count)]

    return make


@pytest.fixture
def at_once():
    """Calls functions in a thread each and returns their results or errors."""

    def call(functions: Sequence[Callable]) -> list:
        with ThreadPoolExecutor(len(functions)) as pool:
            futures: list[Future] = [pool.submit(function) for function in functions]
            return [future.exception(timeout=60) or future.result() for future in futures]

    return call


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return socket.create_connection(server.getsockname()), server.accept()[0]


@pytest.fixture
def ends():
    one, other = tcp_pair()
    yield one, other
    one.close()
    other.close()


@pytest.fixture
def teams():
    """Three workers that have met, by index, and a queue for each of what it is told of losses.

    Of those that are not `alive` there is the bare connection to the chief.
    """

    def make(alive: Sequence[int] = (0, 1, 2), timeout: float = 60.0) -> tuple[list, list[queue.SimpleQueue[str]]]:
        pairs = [[Connection(end) for end in tcp_pair()] for _ in range(2)]
        lost: list[queue.SimpleQueue[str]] = [queue.SimpleQueue() for _ in range(3)]
        connections = [{1: pairs[0][0], 2: pairs[1][0]}, {0: pairs[0][1]}, {0: pairs[1][1]}]
        members = [
            Team(Cluster(("a:1", "b:2", "c:3"), index), connections[index], timeout, lost[index].put)
            if index in alive
            else connections[index][0]
            for index in range(3)
        ]
        return members, lost

    return make
