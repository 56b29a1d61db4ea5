"""Small runs on digits, made once per session, with a witness that watches every training step."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dsd_tf.experiment.phases import PhaseRunner
from dsd_tf.experiment.run_directory import masks_path, phase_path
from dsd_tf.experiment.runner import run
from dsd_tf.files import read_arrays
from dsd_tf.methods.plan import Phase
from dsd_tf.settings import Settings
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.optimizers import steps_taken

# five steps per epoch, 2,320 prunable weights; rewinding goes into the middle of the first epoch
SMALL = {
    "model": "lenet300",
    "width": 0.1,
    "train_examples": 300,
    "batch_size": 64,
    "epochs": 2,
    "sparsity": 0.8,
    "rounds": 2,
    "rewind_to": "3it",
    "lr_schedule": "step",
    "finetune_lr": 0.01,
    "update_every": "5it",
    "score_per_class": 8,
    "score_rounds": 3,
    # tests that hold for every strategy can be run with another one, in a process of their own
    "strategy": os.environ.get("DSD_TF_TEST_STRATEGY", "one_device"),
}


@pytest.fixture(scope="session")
def small() -> Callable[..., Settings]:
    """Settings of a run of a second or two."""
    return lambda **values: Settings(**SMALL | values)


@dataclass
class Start:
    """The state at the first step of a phase.

    `slots` is the largest magnitude in the optimizer's slots, `updates` how many it has made.
    """

    weights: list[np.ndarray]
    masks: Masks
    slots: float
    updates: int
    learning_rate: float
    batches: int


@dataclass
class Run:
    """A finished run, read from its directory, and what the witness saw in this process."""

    path: Path
    starts: dict[str, Start] = field(default_factory=dict)
    rates: dict[tuple[str, int], float] = field(default_factory=dict)
    at_step_3: list[np.ndarray] | None = None
    steps_watched: int = 0

    @property
    def results(self) -> dict[str, Any]:
        return json.loads((self.path / "summary.json").read_text())["results"]

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of metrics.jsonl or levels.jsonl without the wall time."""
        lines = (self.path / name).read_text().splitlines()
        return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]

    def phase(self, name: str) -> dict[str, np.ndarray]:
        """The arrays a phase ended with, but for its record, which holds the wall time."""
        arrays = read_arrays(phase_path(self.path, name))
        return {key: value for key, value in arrays.items() if key != "meta"}

    def weights(self, name: str) -> list[np.ndarray]:
        """The weights a phase ended with, in the order of `model.weights`."""
        arrays = self.phase(name)
        return [arrays[f"model/{index}"] for index in range(sum(name.startswith("model/") for name in arrays))]

    def assert_equal(self, other: Run) -> None:
        assert self.results == other.results
        for name in ("metrics.jsonl", "levels.jsonl"):
            assert self.lines(name) == other.lines(name)
        for phase in (record["phase"] for record in other.results["phases"]):
            found, expected = self.phase(phase), other.phase(phase)
            assert found.keys() == expected.keys()
            assert all(found[name].tobytes() == expected[name].tobytes() for name in expected)

    def masks(self, name: str) -> Masks:
        return Masks.load(masks_path(self.path, name))


class Witness(keras.callbacks.Callback):
    """Checks after every execution that what is masked is zero; that it stays masked while a phase is sparse, or, where
    masks move, that every kernel keeps its number of weights."""

    def __init__(self, run: Run, phase: Phase):
        super().__init__()
        self._run, self._phase = run, phase

    def on_train_begin(self, logs=None):
        self._before = KernelMasks.held_by(self.model).masks

    def on_epoch_begin(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate.numpy())
        self._run.rates[self._phase.name, epoch] = rate
        if self._phase.name not in self._run.starts:
            slots = max(np.abs(slot.numpy()).max() for _, slots, _ in self._masked() for slot in slots)
            updates = steps_taken(self.model.optimizer)
            start = Start(self.model.get_weights(), self._before, slots, updates, rate, self.params["steps"])
            self._run.starts[self._phase.name] = start

    def on_train_batch_begin(self, batch, logs=None):
        if self._phase.name == "dense" and steps_taken(self.model.optimizer) == 3:
            self._run.at_step_3 = self.model.get_weights()

    def on_train_batch_end(self, batch, logs=None):
        self._run.steps_watched += 1
        now = KernelMasks.held_by(self.model).masks
        for kernel, slots, mask in self._masked():
            assert not kernel.numpy()[~mask].any(), f"{kernel.path}: a masked weight is not zero"
            assert all(not slot.numpy()[~mask].any() for slot in slots), f"{kernel.path}: a masked slot is not zero"
        for name, mask in now.items():
            before = self._before[name]
            if self._phase.topology is not None:  # one that adapts numbers has no figures to do it by yet
                assert mask.sum() == before.sum(), f"{name}: has another number of weights"
            else:
                assert not (mask & ~before).any(), f"{name}: a pruned weight was revived"
        self._before = now

    def _masked(self):
        positions = {id(variable): index for index, variable in enumerate(self.model.trainable_variables)}
        held = KernelMasks.held_by(self.model)
        for kernel in held.kernels:
            slots = self.model.optimizer.slots(positions[id(kernel.variable)])
            yield kernel.variable, slots, held.masks[kernel.name]


@pytest.fixture(scope="session")
def watched() -> Callable[[Settings, Path], Run]:
    """Runs settings in a directory under the eyes of the witness."""

    def start(settings: Settings, path: Path) -> Run:
        watched_run = Run(path)
        fit, run_phase = keras.Model.fit, PhaseRunner.run
        phases = []

        def witnessed_phase(self, phase, *arguments):
            phases.append(phase)
            return run_phase(self, phase, *arguments)

        def witnessed_fit(self, *arguments, callbacks, **options):
            return fit(self, *arguments, callbacks=[*callbacks, Witness(watched_run, phases[-1])], **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PhaseRunner, "run", witnessed_phase)
            patch.setattr(keras.Model, "fit", witnessed_fit)
            run(settings, str(path))
        return watched_run

    return start


@pytest.fixture(scope="session")
def finished(small, watched, tmp_path_factory) -> Callable[..., Run]:
    """The uninterrupted run of these settings, carried out once per session."""
    runs: dict[Settings, Run] = {}

    def make(**values) -> Run:
        if values.get("retrain") == "reinit":
            values["masks_from"] = str(make(**values | {"retrain": "rewind"}).path)
        settings = small(**values)
        if settings not in runs:
            runs[settings] = watched(settings, tmp_path_factory.mktemp("finished") / "run")
        return runs[settings]

    return make
