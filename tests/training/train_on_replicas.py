"""Runs on two logical CPUs, in a process of its own: TensorFlow sets up its devices once.

Arguments: a folder for the runs, a JSON list of settings, one object per run, and settings of one more, whose batch
norm is to be each replica's own. Prints what it saw as JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from pathlib import Path

import keras
import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.runner import run
from dsd_tf.settings import Settings
from dsd_tf.training.strategy import make_strategy


class Replicas(keras.callbacks.Callback):
    """Looks after every step, and at the ends of epochs, for variables that differ between replicas."""

    def __init__(self):
        super().__init__()
        self.steps, self.replicas, self.masks, self.different = 0, set(), 0, set()
        self.different_at_epoch_ends = set()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.masks = max(self.masks, len(self.model.optimizer.masks))
        self.different |= self._different()

    def on_epoch_end(self, epoch, logs=None):
        self.different_at_epoch_ends |= self._different()

    def _different(self):
        different = set()
        for variable in self.model.variables + self.model.optimizer.variables:
            values = [copy.numpy() for copy in getattr(variable.value, "values", [variable.value])]
            self.replicas.add(len(values))
            if any(not np.array_equal(values[0], value) for value in values):
                different.add(variable.path)
        return different


def watched_run(settings: Settings, path: Path) -> dict:
    replicas = Replicas()
    fit = keras.Model.fit
    keras.Model.fit = lambda self, *arguments, callbacks, **options: fit(
        self, *arguments, callbacks=[*callbacks, replicas], **options
    )
    try:
        results = run(settings, str(path))["results"]
    finally:
        keras.Model.fit = fit
    metrics = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    seen = {"steps": replicas.steps, "masks": replicas.masks, "replicas": sorted(replicas.replicas)}
    different = {name: sorted(getattr(replicas, name)) for name in ("different", "different_at_epoch_ends")}
    return {"results": results, "metrics": metrics} | different | seen


def interrupted_run(settings: Settings, path: Path) -> dict:
    """The results of a run that is interrupted at every checkpoint, and begun again."""
    save = Checkpoints.save

    def save_and_stop(self, arrays):
        save(self, arrays)
        raise KeyboardInterrupt

    Checkpoints.save = save_and_stop
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return run(dataclasses.replace(settings, checkpoint_seconds=0), str(path))["results"]
    finally:
        Checkpoints.save = save


def refusal(replicas: int) -> str:
    try:
        make_strategy("mirrored", replicas)
    except UsageError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    folder, runs, own = Path(sys.argv[1]), json.loads(sys.argv[2]), Settings(**json.loads(sys.argv[3]))
    answers = [
        watched_run(Settings(**values, strategy="mirrored"), folder / str(number)) for number, values in enumerate(runs)
    ]
    own_statistics = watched_run(own, folder / "own") | {"interrupted": interrupted_run(own, folder / "interrupted")}
    print(json.dumps({"runs": answers, "own statistics": own_statistics, "three replicas": refusal(3)}))
