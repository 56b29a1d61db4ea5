"""The one progress display of a study."""

from __future__ import annotations

import pytest

from dsd_tf.reporting import progress
from dsd_tf.settings import Settings
from dsd_tf.studies.progress import StudyProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_the_time_left_is_that_of_all_runs_the_ones_under_way_by_their_share(clock, capsys, make_run, put_run):
    run = make_run("a")
    put_run(run.path, Settings(), accuracy=0.9)
    study = StudyProgress(4)
    study.reach("a", 0)
    clock.now += 60
    study.reach("b", 0.5)
    study.reach("a", 0.5)
    clock.now += 60
    study.finish(run)
    study.reach("c", 0.5)
    clock.now += 10
    study.fail(make_run("c"), "no such data set")
    study.close()
    assert capsys.readouterr().err.splitlines() == [
        "[0/4] a 0%, b 50% | 12% done, 0:07:00 left",
        "[1/4] a: test 90.00%, sparsity 50.00%, 1.5 s",
        "[1/4] b 50% | 38% done, 0:03:20 left",
        "[2/4] c failed: no such data set",
    ]


def test_of_many_runs_under_way_some_are_named(clock, capsys, make_run):
    study = StudyProgress(5)
    for name in "abcde":
        clock.now += 20
        study.reach(name, 0.25)
    for name in "abcde":
        clock.now += 20
        study.fail(make_run(name), "-")
    study.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[4] == "[0/5] a 25%, b 25%, c 25%, 2 more | 25% done, 0:05:00 left"
    assert lines[-1] == "[5/5] | 100% done, 0:00:00 left"
