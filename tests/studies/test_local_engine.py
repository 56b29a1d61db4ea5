"""The local engine with workers that only pretend; the real one is tested where studies are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dsd_tf.studies import local_engine
from dsd_tf.studies.engine import EngineOptions, Failed, Finished, Lost, Reached
from dsd_tf.studies.local_engine import LocalEngine

ROOT = Path(__file__).resolve().parents[2]
IDLE = """
from dsd_tf.studies.local_engine import _Worker
worker = _Worker(None)
print(worker._process.pid, flush=True)
worker.connection.recv_bytes()
"""


@pytest.fixture
def engine(monkeypatch):
    """Makes an engine with so many pretending workers."""
    monkeypatch.setattr(local_engine, "_COMMAND", [sys.executable, str(Path(__file__).with_name("of_name.py"))])
    with contextlib.ExitStack() as ending:

        def make(workers):
            made = LocalEngine(EngineOptions(workers))
            ending.callback(made.stop)
            return made

        yield make


def ended(engine, *runs):
    """Starts runs and returns how each one ended, in their order."""
    for run in runs:
        engine.start(run)
    events = {}
    while len(events) < len(runs):
        events |= {event.run.name: event for event in engine.wait() if not isinstance(event, Reached)}
    return [events[run.name] for run in runs]


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_run_tells_how_far_it_has_come_and_how_it_ended(engine, make_run):
    one, run, other = engine(1), make_run("finish"), make_run("number")
    one.start(run)
    assert one.wait() == [Reached(run, 3, 4)]
    assert one.wait() == [Finished(run)]
    one.start(other)
    (event,) = one.wait()
    assert event == Failed(other, event.error)
    assert alive(int(event.error))


def test_one_process_takes_one_run_after_another(engine, make_run):
    one = engine(1)
    pids = {ended(one, make_run("number"))[0].error for _ in range(3)}
    assert len(pids) == 1


def test_while_one_worker_is_busy_another_takes_runs(engine, make_run):
    two = engine(2)
    two.start(make_run("busy"))
    two.wait()
    pids = {ended(two, make_run("number"))[0].error for _ in range(2)}
    assert len(pids) == 1
    assert len(psutil.Process().children()) == 2


@pytest.mark.parametrize(
    ("name", "error"),
    [("die", "its worker process was killed by SIGKILL"), ("leave", "its worker process ended with exit code 0")],
)
def test_a_run_whose_worker_dies_is_lost_and_the_next_one_has_a_new_worker(engine, make_run, name, error):
    one = engine(1)
    (before,) = ended(one, make_run("number"))
    run = make_run(name)
    assert ended(one, run) == [Lost(run, error)]
    (after,) = ended(one, make_run("number"))
    assert after.error != before.error


def test_a_worker_that_died_between_two_runs_loses_the_next_one(engine, make_run):
    one = engine(1)
    (before,) = ended(one, make_run("number"))
    os.kill(int(before.error), signal.SIGKILL)
    while alive(int(before.error)):
        os.sched_yield()
    run = make_run("number")
    assert ended(one, run) == [Lost(run, "its worker process was killed by SIGKILL")]


def test_other_devices_take_another_process(engine, make_run):
    one = engine(1)
    settings = [{}, {"replicas": 3}, {"strategy": "mirrored"}, {"strategy": "mirrored", "replicas": 3}]
    pids = [ended(one, make_run("number", **values))[0].error for values in settings]
    assert pids[0] == pids[1]
    assert len(set(pids)) == 3
    assert not any(alive(int(pid)) for pid in pids[:3])


def test_a_process_is_replaced_after_many_runs(engine, make_run, monkeypatch):
    monkeypatch.setattr(local_engine, "RUNS_PER_PROCESS", 2)
    one = engine(1)
    pids = [ended(one, make_run("number"))[0].error for _ in range(5)]
    assert (pids[0], pids[2]) == (pids[1], pids[3])
    assert len(set(pids)) == 3


def test_stopping_ends_idle_workers_and_those_in_a_run(engine, make_run, monkeypatch):
    monkeypatch.setattr(local_engine, "_PATIENCE", 0.1)
    two = engine(2)
    (idle,) = ended(two, make_run("number"))
    two.start(make_run("hang"))
    two.wait()
    two.stop()
    assert not alive(int(idle.error))
    assert not psutil.Process().children()


def test_a_worker_does_not_outlive_the_study_however_that_ends():
    study = subprocess.Popen([sys.executable, "-c", IDLE], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    worker = int(study.stdout.readline())
    assert alive(worker)
    study.kill()
    study.wait()
    while alive(worker):
        os.sched_yield()
    study.stdout.close()
