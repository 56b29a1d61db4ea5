"""Two workers on this machine beside the same work on two logical devices of one process, communication counted."""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Iterator

from benchmarks.measures.process import Process
from benchmarks.measures.replicas import NETWORKS
from benchmarks.measures.rows import Row, ratio_row
from benchmarks.measures.turns import take_turns

TARGET = 1.15


def measure(quick: bool) -> Iterator[Row]:
    for network, work in NETWORKS.items():
        took = _take_turns(network, rounds=5 if quick else 25)
        for number, (title, target) in enumerate((("", TARGET), (", time of processors", None))):
            yield ratio_row(
                f"{work.title}: two workers beside two logical devices of one process{title}",
                *([seconds[number] for seconds in took[side]] for side in ("workers", "devices")),
                to="two devices",
                unit="ms/step",
                scale=1e3,
                target=target,
            )


def _take_turns(network: str, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """By side, the seconds per step of every round, by the clock and of processors."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        addresses = ",".join(f"127.0.0.1:{server.getsockname()[1]}" for server in servers)
        for server in servers:
            server.close()
        workers = [Process("replicas.py", network, addresses, str(index)) for index in range(2)]
        sides = {"workers": workers, "devices": [Process("replicas.py", network, "mirrored")]}
        for processes in sides.values():
            for process in processes:
                stack.enter_context(process)
        return take_turns({side: functools.partial(_train, processes) for side, processes in sides.items()}, rounds)


def _train(processes: list[Process]) -> tuple[float, float]:
    """Have all train an epoch; the seconds per step of the slowest, and those of processors of all."""
    for process in processes:
        process.begin()
    clock, processors = zip(*(process.answer() for process in processes), strict=True)
    return max(clock), sum(processors)
