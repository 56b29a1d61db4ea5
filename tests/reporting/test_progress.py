"""Progress on standard error, in plain lines where there is no terminal."""

from __future__ import annotations

import pytest

from dsd_tf.reporting import progress
from dsd_tf.reporting.progress import RunProgress, observed_by

EPOCH = {"epoch": 4, "train_loss": 0.12345, "train_accuracy": 0.95, "test_accuracy": 0.9, "sparsity": 0.8}


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


@pytest.fixture
def lines(capsys):
    def read():
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return read


def test_an_epoch_is_a_line_with_its_figures_and_the_time_left(clock, lines):
    run = RunProgress(total=100)
    run.phase("level01", 2, 3)
    run.reach(0)
    clock.now += 60
    run.reach(25)
    run.epoch(EPOCH)
    run.close()
    assert lines() == [
        "[2/3] level01 epoch 5: loss 0.1235, accuracy train 95.00%, test 90.00%, sparsity 80.00% | "
        "25% done, 0:03:00 left"
    ]


def test_steps_that_earlier_processes_did_do_not_count_for_the_speed(clock, lines):
    run = RunProgress(total=100)
    run.reach(60)
    clock.now += 60
    run.reach(80)
    run.epoch(EPOCH)
    run.close()
    assert lines()[-1].endswith("| 80% done, 0:01:00 left")


def test_setting_up_before_the_first_step_does_not_count_either(clock, lines):
    run = RunProgress(total=100)
    clock.now += 500
    run.reach(0)
    clock.now += 60
    run.reach(50)
    run.epoch(EPOCH)
    run.close()
    assert lines()[-1].endswith("| 50% done, 0:01:00 left")


def test_lines_come_some_seconds_apart(clock, lines):
    run = RunProgress(total=100)
    for _ in range(10):
        clock.now += 4
        run.epoch(EPOCH)
    run.close()
    assert len(lines()) == 2


def test_what_has_to_be_said_is_said_at_once_and_in_one_line(lines):
    run = RunProgress(total=100)
    run.say("/a/path/[0]/000001.npz is damaged: " + "x" * 200)
    run.close()
    assert lines() == ["/a/path/[0]/000001.npz is damaged: " + "x" * 200]


def test_the_time_left_is_unknown_until_a_hundredth_is_done(clock, lines):
    run = RunProgress(total=1000)
    run.reach(0)
    clock.now += 60
    run.reach(9)
    run.line("slow to start")
    clock.now += 60
    run.reach(10)
    run.line("but running")
    run.close()
    assert lines() == ["slow to start | 1% done, unknown time left", "but running | 1% done, 3:18:00 left"]


def test_an_observer_is_told_of_every_step_while_it_wants_to_be():
    told = []
    run = RunProgress(total=10)
    with observed_by(lambda *reached: told.append(reached)):
        run.reach(3)
        run.reach(4)
    run.reach(5)
    run.close()
    assert told == [(3, 10), (4, 10)]
