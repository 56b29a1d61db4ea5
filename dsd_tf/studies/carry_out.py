"""Carries out the runs of a study that are missing, whatever becomes of the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from graphlib import TopologicalSorter

from dsd_tf.studies.directory import StudyRun
from dsd_tf.studies.engine import Engine, Event, Failed, Finished, Lost, Reached
from dsd_tf.studies.progress import StudyProgress


def carry_out(runs: Sequence[StudyRun], engine: Engine, progress: StudyProgress) -> dict[str, str]:
    """Carry out `runs`, each after those it needs; returns the errors of those that failed, by name.

    A run that is lost is started once more.
    """
    try:
        return _Course(runs, engine, progress).run()
    finally:
        engine.stop()


class _Course:
    def __init__(self, runs: Sequence[StudyRun], engine: Engine, progress: StudyProgress):
        self._engine, self._progress = engine, progress
        self._runs = {run.name: run for run in runs}
        self._sorter = TopologicalSorter({run.name: [need for need in run.needs if need in self._runs] for run in runs})
        self._ready: deque[str] = deque()
        self._active: set[str] = set()
        self._lost: set[str] = set()
        self._finished: set[str] = set()
        self._errors: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        self._sorter.prepare()
        while self._start():
            for event in self._engine.wait():
                self._take(event)
        for name, run in self._runs.items():
            if name not in self._finished and name not in self._errors:
                self._fail(name, f"not begun, as it needs {' and '.join(run.needs)}")
        return self._errors

    def _start(self) -> bool:
        """Start what can be; whether anything is under way."""
        self._ready += self._sorter.get_ready()
        while self._ready and len(self._active) < self._engine.slots:
            name = self._ready.popleft()
            self._active.add(name)
            self._engine.start(self._runs[name])
        return bool(self._active)

    def _take(self, event: Event) -> None:
        name = event.run.name
        if isinstance(event, Reached):
            self._progress.reach(name, event.steps / event.total)
            return
        self._active.remove(name)
        match event:
            case Finished():
                self._finished.add(name)
                self._sorter.done(name)
                self._progress.finish(event.run)
            case Lost(error=error) if name not in self._lost:
                self._lost.add(name)
                self._ready.appendleft(name)
                self._progress.say(f"{name}: {error}; starting it again")
            case Lost(error=error) | Failed(error=error):
                self._fail(name, error)

    def _fail(self, name: str, error: str) -> None:
        self._errors[name] = error
        self._progress.fail(self._runs[name], error)
