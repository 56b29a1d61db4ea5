"""How the workers of a run find each other, before TensorFlow starts, and make sure that they mean the same run.

The chief listens at its own address of TF_CONFIG, where TensorFlow will listen later; the others call it until it
answers. It is the chief who finds out what is wrong, and tells all, so that they end with the same line.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Collection
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.workers.cluster import Cluster, host_and_port
from dsd_tf.workers.connection import Connection, Message

_CALL_AGAIN_SECONDS = 0.2
_GREETING_SECONDS = 5.0  # anybody may connect, and say nothing


def meet(cluster: Cluster, settings: dict[str, Any], timeout: float) -> dict[int, Connection]:
    """Connections to the other workers by their index: the chief's to all, those of others to the chief.

    `settings` are those that have to be the same for all.

    Raises:
        UsageError: if a worker does not come in `timeout` seconds, the workers' TF_CONFIG or settings differ, or an
            address is in use.
    """
    greeting = {"index": cluster.index, "workers": list(cluster.workers), "settings": settings}
    with _listening(cluster) as server:
        if cluster.is_chief:
            return _gather(server, cluster, greeting, timeout)
    return {0: _call(cluster, greeting, timeout)}


def _listening(cluster: Cluster) -> socket.socket:
    host, port = host_and_port(cluster.own)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, backlog=len(cluster.workers))
    except OSError as error:
        reason = "it is in use by another process" if error.errno == errno.EADDRINUSE else error.strerror
        raise UsageError(f"{cluster.name(cluster.index)} cannot listen at its port of TF_CONFIG: {reason}") from None


def _gather(server: socket.socket, cluster: Cluster, own: Message, timeout: float) -> dict[int, Connection]:
    deadline = time.monotonic() + timeout
    callers: list[Connection] = []
    here: dict[int, Connection] = {}
    try:
        while len(here) < len(cluster.workers) - 1:
            connection, greeting = _next_caller(server, deadline)
            callers.append(connection)
            _check(greeting, own, cluster, here)
            here[greeting["index"]] = connection
    except (TimeoutError, UsageError) as error:
        missing = ", ".join(cluster.name(index) for index in range(1, len(cluster.workers)) if index not in here)
        late = f"{missing} did not come within {timeout:g} s (--worker_timeout)"
        problem = late if isinstance(error, TimeoutError) else str(error)
        _tell(callers, {"refused": problem})
        raise UsageError(problem) from None
    _tell(callers, {})
    return here


def _next_caller(server: socket.socket, deadline: float) -> tuple[Connection, Message]:
    """The next who greets as a worker does; raises TimeoutError at the deadline."""
    while True:
        server.settimeout(max(deadline - time.monotonic(), 1e-3))
        connection = Connection(server.accept()[0])
        connection.set_timeout(_GREETING_SECONDS)
        with contextlib.suppress(OSError):
            greeting, _ = connection.receive()
            if greeting.keys() == {"index", "workers", "settings"}:
                return connection, greeting
        connection.close()


def _check(theirs: Message, own: Message, cluster: Cluster, here: Collection[int]) -> None:
    """Raises UsageError if the worker that greets means another run."""
    index = theirs["index"]
    if theirs["workers"] != own["workers"]:
        mine, other = (", ".join(greeting["workers"]) for greeting in (own, theirs))
        raise UsageError(f"TF_CONFIG differs: worker {index} has the workers {other}, the chief has {mine}")
    if index in here or index == 0:
        raise UsageError(f"two processes are {cluster.name(index)}: give each its own task index in TF_CONFIG")
    asked, wanted = theirs["settings"], own["settings"]
    names = [name for name in sorted(wanted) if asked.get(name) != wanted[name]]
    if names:
        values = ", ".join(f"--{name}={asked.get(name)} (the chief: {wanted[name]})" for name in names)
        raise UsageError(f"{cluster.name(index)} was started with {values}; start all workers with the same flags")


def _tell(connections: Collection[Connection], answer: Message) -> None:
    for connection in connections:
        with contextlib.suppress(OSError):  # whoever left meanwhile is missed soon
            connection.send(answer)


def _call(cluster: Cluster, greeting: Message, timeout: float) -> Connection:
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        # the chief may not be there yet, or its port still be that of an earlier run's TensorFlow
        with contextlib.suppress(OSError):
            connection = Connection(socket.create_connection(host_and_port(cluster.workers[0]), timeout=left))
            connection.send(greeting)
            connection.set_timeout(timeout + _GREETING_SECONDS)
            answer, _ = connection.receive()
            if "refused" in answer:
                raise UsageError(answer["refused"])
            return connection
        time.sleep(_CALL_AGAIN_SECONDS)
    raise UsageError(f"{cluster.name(0)} did not answer within {timeout:g} s (--worker_timeout)")
