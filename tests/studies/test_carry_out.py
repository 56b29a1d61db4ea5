"""Which run is started when, and what becomes of the others when one fails."""

from __future__ import annotations

import pytest

from dsd_tf.settings import Settings
from dsd_tf.studies.carry_out import carry_out
from dsd_tf.studies.engine import Failed, Finished, Lost, Reached
from dsd_tf.studies.progress import StudyProgress


class ScriptedEngine:
    """Ends the run that was started first, the way the next entry of its script says; by itself, well."""

    def __init__(self, slots, script):
        self.slots, self._script = slots, script
        self.started: list[str] = []
        self.active: list = []
        self.most = 0
        self.stopped = False

    def start(self, run):
        self.started.append(run.name)
        self.active.append(run)
        self.most = max(self.most, len(self.active))

    def wait(self):
        run = self.active.pop(0)
        fate = self._script.get(run.name, [])
        ended = fate.pop(0) if fate else Finished
        if ended is KeyboardInterrupt:
            raise KeyboardInterrupt
        return [Reached(run, 1, 4), ended(run) if ended is Finished else ended(run, "it was the disk")]

    def stop(self):
        self.stopped = True


@pytest.fixture
def course(make_run, put_run, capsys):
    """Carries out runs, given as {name: names of those it needs}; returns the engine, the errors and what was said."""

    def carry(needs, slots=1, script=None):
        runs = [make_run(name, *others) for name, others in needs.items()]
        for run in runs:
            put_run(run.path, Settings(), accuracy=0.9)
        engine = ScriptedEngine(slots, script or {})
        errors = carry_out(runs, engine, StudyProgress(len(runs)))
        assert engine.stopped and not engine.active
        return engine, errors, capsys.readouterr().err.splitlines()

    return carry


def test_every_run_is_started_once_in_order_and_its_end_is_said(course):
    engine, errors, said = course({"a": (), "b": (), "c": ()})
    assert (engine.started, engine.most, errors) == (["a", "b", "c"], 1, {})
    assert said[0] == "[1/3] a: test 90.00%, sparsity 50.00%, 1.5 s"
    assert [line.split(":")[0] for line in said] == ["[1/3] a", "[2/3] b", "[3/3] c"]


def test_as_many_run_at_a_time_as_the_engine_takes(course):
    engine, errors, _ = course(dict.fromkeys("abcde", ()), slots=3)
    assert (engine.started, engine.most, errors) == (list("abcde"), 3, {})


def test_a_run_waits_for_those_it_needs_but_not_for_those_that_are_done_already(course):
    engine, errors, _ = course({"c": ("b", "done before"), "b": ("a",), "a": (), "d": ()}, slots=4)
    assert errors == {}
    assert engine.started == ["a", "d", "b", "c"]


def test_a_run_that_fails_stops_those_that_need_it_and_no_others(course):
    needs = {"a": (), "b": ("a",), "c": ("b", "d"), "d": ()}
    engine, errors, said = course(needs, script={"a": [Failed]})
    assert engine.started == ["a", "d"]
    assert errors == {
        "a": "it was the disk",
        "b": "not begun, as it needs a",
        "c": "not begun, as it needs b and d",
    }
    assert said[0] == "[1/4] a failed: it was the disk"


def test_a_run_that_is_lost_is_started_once_more_before_the_others(course):
    engine, errors, said = course({"a": (), "b": ()}, script={"a": [Lost]})
    assert (engine.started, errors) == (["a", "a", "b"], {})
    assert said[0] == "a: it was the disk; starting it again"


def test_a_run_that_is_lost_again_has_failed(course):
    engine, errors, _ = course({"a": (), "b": ()}, script={"a": [Lost, Lost, Lost]})
    assert (engine.started, errors) == (["a", "a", "b"], {"a": "it was the disk"})


def test_an_interrupt_stops_the_engine(make_run):
    engine = ScriptedEngine(1, {"a": [KeyboardInterrupt]})
    with pytest.raises(KeyboardInterrupt):
        carry_out([make_run("a")], engine, StudyProgress(1))
    assert engine.stopped
