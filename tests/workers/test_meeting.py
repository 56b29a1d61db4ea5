"""Workers find each other, or all end with the same line that says why not."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import socket

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.workers.cluster import Cluster, host_and_port
from dsd_tf.workers.meeting import meet

SETTINGS = {"lr": 0.1, "seed": 0}


def meeting(cluster: Cluster, settings=SETTINGS, timeout: float = 60):
    return functools.partial(meet, cluster, settings, timeout)


def same_line(answers: list) -> str:
    assert all(isinstance(answer, UsageError) for answer in answers), answers
    lines = {str(answer) for answer in answers}
    assert len(lines) == 1
    return lines.pop()


def test_the_chief_is_connected_to_every_worker_and_they_to_it(clusters, at_once):
    chief, *others = at_once([meeting(cluster) for cluster in clusters(3)])
    assert sorted(chief) == [1, 2]
    for index, connections in enumerate(others, start=1):
        chief[index].send({"you": index})
        assert connections[0].receive()[0] == {"you": index}


def test_a_worker_that_does_not_come_is_named_to_all_who_did(clusters, at_once):
    chief, one, missing = clusters(3)
    line = same_line(at_once([meeting(chief, timeout=1), meeting(one)]))
    assert line == f"worker 2 ({missing.own}) did not come within 1 s (--worker_timeout)"


def test_a_chief_that_does_not_come_is_named(clusters):
    chief, one = clusters(2)
    with pytest.raises(UsageError) as error:
        meet(one, SETTINGS, 0.3)
    assert str(error.value) == f"worker 0 ({chief.own}, the chief) did not answer within 0.3 s (--worker_timeout)"


def test_other_settings_are_named(clusters, at_once):
    chief, one = clusters(2)
    line = same_line(at_once([meeting(chief), meeting(one, {"lr": 0.2, "seed": 0})]))
    assert line.startswith(f"worker 1 ({one.own}) was started with --lr=0.2 (the chief: 0.1); start all")


def test_another_list_of_workers_is_named(clusters, at_once):
    chief, one = clusters(2)
    other = dataclasses.replace(one, workers=(*one.workers, "c:3"))
    line = same_line(at_once([meeting(chief), meeting(other)]))
    assert line == (
        f"TF_CONFIG differs: worker 1 has the workers {', '.join(one.workers)}, c:3, "
        f"the chief has {', '.join(one.workers)}"
    )


def test_two_who_say_they_are_the_same_worker_are_refused(clusters, at_once):
    chief, one, two = clusters(3)
    elsewhere = dataclasses.replace(one, workers=(one.workers[0], "somewhere:1", one.workers[2]))
    line = same_line(at_once([meeting(dataclasses.replace(elsewhere, index=0)), lambda: _greet_twice(elsewhere)]))
    assert line == "two processes are worker 1 (somewhere:1): give each its own task index in TF_CONFIG"


def _greet_twice(cluster: Cluster):
    from dsd_tf.workers.connection import Connection

    greeting = {"index": 1, "workers": list(cluster.workers), "settings": SETTINGS}
    for _ in range(2):
        connection = _connected(cluster)
        Connection(connection).send(greeting)
    return UsageError(Connection(connection).receive()[0]["refused"])


def _connected(cluster: Cluster) -> socket.socket:
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(host_and_port(cluster.workers[0]))


def test_strangers_are_ignored(clusters, at_once):
    chief, one = clusters(2)

    def stranger():
        with _connected(chief) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: chief\r\n\r\n")
        return meet(one, SETTINGS, 60)

    answers = at_once([meeting(chief), stranger])
    assert [sorted(answer) for answer in answers] == [[1], [0]]


@pytest.mark.parametrize("index", [0, 1])
def test_an_address_in_use_is_an_error_at_once(clusters, index):
    cluster = clusters(2)[index]
    with socket.create_server(host_and_port(cluster.own)), pytest.raises(UsageError) as error:
        meet(cluster, SETTINGS, 60)
    assert f"({cluster.own}" in str(error.value)
    assert "cannot listen at its port of TF_CONFIG: it is in use by another process" in str(error.value)
