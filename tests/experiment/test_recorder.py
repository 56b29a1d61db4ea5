"""Epochs of a phase: their data, learning rate and line in the metrics."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dsd_tf.experiment.recorder import EpochStart, epoch_window
from dsd_tf.methods.plan import Facts
from dsd_tf.methods.spans import dense_phase
from dsd_tf.settings import Settings

PHASE = dense_phase(Settings(epochs=4), Facts(10, {}))


@pytest.mark.parametrize(
    ("start", "stop", "windows"),
    [
        (0, 40, [(0, 10), (0, 10), (0, 10), (0, 10)]),
        (13, 40, [None, (3, 10), (0, 10), (0, 10)]),
        (10, 27, [None, (0, 10), (0, 7), None]),
        (12, 15, [None, (2, 5), None, None]),
    ],
)
def test_an_epoch_gives_a_phase_the_batches_that_lie_inside_it(start, stop, windows):
    phase = replace(PHASE, start=start, stop=stop)
    for epoch, window in enumerate(windows):
        first, last = epoch_window(phase, epoch, 10)
        assert (first, last) == window if window else first >= last


def test_every_epoch_is_a_line_with_its_step_rate_and_figures(finished):
    run = finished(method="gradual")
    epochs = run.lines("metrics.jsonl")
    assert [(epoch["phase"], epoch["level"], epoch["epoch"], epoch["step"]) for epoch in epochs] == [
        ("gradual", 1, 0, 5),
        ("gradual", 1, 1, 10),
    ]
    assert [epoch["learning_rate"] for epoch in epochs] == pytest.approx([0.1, 0.01])
    for epoch in epochs:
        for name in ("train", "validation", "test"):
            assert 0 <= epoch[f"{name}_accuracy"] <= 1
            assert epoch[f"{name}_loss"] > 0


def test_the_sparsity_of_an_epoch_is_that_of_the_masks_at_its_end(finished):
    first, last = (epoch["sparsity"] for epoch in finished(method="gradual").lines("metrics.jsonl"))
    # cubic from 0 at step 0 to 0.8 at step 8; the first epoch ends after 5
    assert first == pytest.approx(0.8 * (1 - (1 - 5 / 8) ** 3), abs=1 / 2320)
    assert last == 1 - round(0.2 * 2320) / 2320


def test_the_rate_on_record_is_the_one_the_optimizer_had(finished):
    for run in (finished(method="iterative", retrain="rewind"), finished(method="dsd")):
        recorded = {(epoch["phase"], epoch["epoch"]): epoch["learning_rate"] for epoch in run.lines("metrics.jsonl")}
        assert run.rates == pytest.approx(recorded)


class Recording:
    """A feed that remembers what it was asked for."""

    steps_per_epoch = 10

    def __init__(self):
        self.asked = []

    def set_epoch(self, epoch, start, stop):
        self.asked.append((epoch, start, stop))


def test_every_epoch_reads_its_own_data():
    feed, optimizer = Recording(), SimpleNamespace(learning_rate=None)
    start = EpochStart(SimpleNamespace(feed=feed), replace(PHASE, start=13))
    start.set_model(SimpleNamespace(optimizer=optimizer))
    for epoch in (1, 2, 3):
        start.on_epoch_begin(epoch)
    assert feed.asked == [(1, 3, 10), (2, 0, 10), (3, 0, 10)]
    assert optimizer.learning_rate == 0.1


def test_wall_time_is_written_beside_the_figures(finished):
    lines = (finished(method="gradual").path / "metrics.jsonl").read_text().splitlines()
    assert all(json.loads(line)["seconds"] > 0 for line in lines)
