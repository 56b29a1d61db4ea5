"""Runs on this machine: worker processes that take one run after another, so that TensorFlow is imported once."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Hashable, Iterator
from multiprocessing.connection import Pipe, wait

from dsd_tf.studies.directory import StudyRun
from dsd_tf.studies.engine import EngineOptions, Event, Failed, Finished, Lost, Reached, devices
from dsd_tf.studies.worker import RUNS_PER_PROCESS, environment

_COMMAND = [sys.executable, "-u", "-m", "dsd_tf.studies.worker"]
_PATIENCE = 10.0


class LocalEngine:
    """`options.workers` processes on this machine.

    TensorFlow uses as many threads in each as it would alone: their number changes how sums are rounded, and results
    must not depend on how many workers there are.
    """

    def __init__(self, options: EngineOptions):
        self.slots = options.workers
        self._workers: list[_Worker] = []

    def start(self, run: StudyRun) -> None:
        self._idle(devices(run.settings)).give(run)

    def wait(self) -> list[Event]:
        busy = {worker.connection: worker for worker in self._workers if worker.run}
        return [self._event(busy[connection]) for connection in wait(list(busy))]

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def _idle(self, devices: Hashable) -> _Worker:
        idle = [worker for worker in self._workers if not worker.run]
        fitting = [worker for worker in idle if worker.devices == devices]
        if fitting:
            return fitting[0]
        if len(self._workers) == self.slots:
            self._workers.remove(idle[0])
            idle[0].stop()
        with _interrupts_blocked():
            self._workers.append(_Worker(devices))
        return self._workers[-1]

    def _event(self, worker: _Worker) -> Event:
        run = worker.run
        try:
            message = json.loads(worker.connection.recv_bytes())
        except (EOFError, ConnectionError):
            self._workers.remove(worker)
            return Lost(run, worker.stop())
        if "total" in message:
            return Reached(run, message["steps"], message["total"])
        worker.run = None
        if worker.runs == RUNS_PER_PROCESS:
            self._workers.remove(worker)
            worker.stop()
        return Failed(run, message["error"]) if message["error"] else Finished(run)


class _Worker:
    """A worker process, seen from the study. It ends by itself when this end of the connection closes or dies."""

    def __init__(self, devices: Hashable):
        self.devices = devices
        self.run: StudyRun | None = None
        self.runs = 0
        self.connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [*_COMMAND, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | environment(),
            )

    def give(self, run: StudyRun) -> None:
        """Let the worker carry out a run."""
        self.run = run
        self.runs += 1
        task = {"settings": dataclasses.asdict(run.settings), "path": run.path, "log": run.log}
        # if it is dead, so is the connection, which whoever waits for the run will see
        with contextlib.suppress(OSError):
            self.connection.send_bytes(json.dumps(task).encode())

    def stop(self) -> str:
        """End the process; returns how it ended."""
        self.connection.close()
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"its worker process {how}"


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """What is started in the block never sees Ctrl-C: the study does, afterwards, and tells of its workers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
