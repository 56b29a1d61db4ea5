"""Interrupted at any kind of place and started again, a run ends as if nothing had happened."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import keras
import pytest

from dsd_tf import registry
from dsd_tf.experiment import phases, runner
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.phases import PhaseRunner
from dsd_tf.experiment.runner import run
from dsd_tf.experiment.state import seed_dropout


@pytest.fixture
def stop(monkeypatch):
    """Runs settings until `function` of `owner` is called with arguments for which `when` holds.

    With `after`, until it has returned from that.
    """

    def run_until(settings, path, owner, function, when=lambda *arguments: True, after=False):
        original = getattr(owner, function)

        def stopping(*arguments, **options):
            if not when(*arguments):
                return original(*arguments, **options)
            if after:
                original(*arguments, **options)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(owner, function, stopping)
            run(settings, str(path))

    return run_until


def of_file(name):
    return lambda path, *_: path.name == name


def of_phase(name):
    return lambda _, phase, *__: phase.name == name


PLACES = {
    "before the first step": (PhaseRunner, "run", of_phase("dense")),
    "while weights are being remembered for rewinding": (phases, "write_arrays", of_file("rewind.npz")),
    "after they were, before any checkpoint": (phases, "write_arrays", of_file("rewind.npz"), True),
    "after a checkpoint": (Checkpoints, "save", lambda *_: True, True),
    "after the masks of a phase were written, before its weights": (
        phases,
        "write_arrays",
        of_file("dense.npz"),
    ),
    "after its weights were, before its checkpoints are removed": (Checkpoints, "clear"),
    "before its line is added to the levels": (runner, "write_lines", of_file("levels.jsonl")),
    "between two phases": (PhaseRunner, "run", of_phase("level01")),
    "after the last phase": (runner, "restore"),
    "after the network was written, before the plot": (runner, "plot_accuracy_against_sparsity"),
    "before the summary": (runner, "write_json", of_file("summary.json")),
}


def test_interrupted_at_every_kind_of_place_in_turn_it_ends_as_if_nothing_had_happened(
    finished, small, watched, stop, tmp_path
):
    settings = small(method="iterative", retrain="rewind", checkpoint_seconds=0)
    path = tmp_path / "run"
    for place in PLACES.values():
        stop(settings, path, *place)
        (path / "phases").mkdir(exist_ok=True)
        for half_written in (path / ".tmp-1-summary.json", path / "phases" / ".tmp-1-level01.npz"):
            half_written.write_bytes(b"PK")
        with open(path / "metrics.jsonl", "a") as metrics:
            metrics.write('{"phase": "de')
    found = watched(settings, path)
    found.assert_equal(finished(method="iterative", retrain="rewind"))
    assert not list(path.rglob(".*"))


def with_dropout(images, num_classes, options, seed):
    x = keras.layers.Dropout(0.5, seed=1)(keras.layers.Flatten()(images))
    return keras.layers.Dense(num_classes, kernel_initializer="ones", name="logits")(x)


def with_seeds_noted(watched, settings, path):
    """A run, and the seeds and phase numbers that its dropout was seeded by."""
    seeded = []

    def note(model, seed, phase):
        seeded.append((seed, phase))
        seed_dropout(model, seed, phase)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases, "seed_dropout", note)
        return watched(settings, path), seeded


def test_dropout_goes_on_where_it_was(small, watched, stop, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "of_this_test", SimpleNamespace(network=with_dropout))
    monkeypatch.setitem(registry.MODELS, "lenet300", "of_this_test:network")
    settings = small(method="one_shot", retrain="rewind", checkpoint_seconds=0)
    whole, seeded = with_seeds_noted(watched, settings, tmp_path / "whole")
    assert seeded == [(0, 0), (0, 1)]
    for place in ("after a checkpoint", "between two phases"):
        stop(settings, tmp_path / "run", *PLACES[place])
    stop(settings, tmp_path / "run", *PLACES["after a checkpoint"])
    watched(settings, tmp_path / "run").assert_equal(whole)
