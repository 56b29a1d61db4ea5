"""Runs on two logical CPUs, in a process of its own: TensorFlow sets up its devices once.

Arguments: a folder for the runs, and a JSON list of settings, one object per run. Prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.experiment.runner import run
from dsd_tf.settings import Settings
from dsd_tf.training.strategy import make_strategy


class Replicas(keras.callbacks.Callback):
    """Looks after every step for variables that differ between replicas."""

    def __init__(self):
        super().__init__()
        self.steps, self.replicas, self.masks, self.different = 0, set(), 0, set()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.masks = max(self.masks, len(self.model.optimizer.masks))
        for variable in self.model.variables + self.model.optimizer.variables:
            values = [copy.numpy() for copy in getattr(variable.value, "values", [variable.value])]
            self.replicas.add(len(values))
            if any(not np.array_equal(values[0], value) for value in values):
                self.different.add(variable.path)


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
    return {"results": results, "metrics": metrics, "different": sorted(replicas.different)} | seen


def refusal(replicas: int) -> str:
    try:
        make_strategy("mirrored", replicas)
    except UsageError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    folder, runs = Path(sys.argv[1]), json.loads(sys.argv[2])
    answers = [
        watched_run(Settings(**values, strategy="mirrored"), folder / str(number)) for number, values in enumerate(runs)
    ]
    print(json.dumps({"runs": answers, "three replicas": refusal(3)}))
