"""Training steps of dynamic sparse training, masks updated every 100 of them, beside dense ones, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras

import dsd_tf
from benchmarks.measures.rows import Row, ratio_row
from benchmarks.measures.trainer import NETWORKS, batches, stopwatch
from benchmarks.measures.trainer_process import TITLES
from benchmarks.measures.turns import take_turns

GROWTH = {"SET": "random", "RigL": "gradient", "SNFS": "momentum"}
TARGET = 1.10
ROUNDS = {"lenet300": 16, "cnn": 8}
SPARSITY, EVERY, NEVER = 0.9, 100, 10**9
STRETCH = 200


def measure(quick: bool) -> Iterator[Row]:
    for network in TITLES:
        yield from _measure(network, rounds=3 if quick else ROUNDS[network])


def _measure(network: str, rounds: int) -> Iterator[Row]:
    data = batches(network)
    trainers = {name: _trainer(network, name, data) for name in ("dense", *GROWTH)}
    seconds = take_turns(trainers, rounds)
    for name in GROWTH:
        yield ratio_row(
            f"{TITLES[network]}: {name}, masks every {EVERY} steps",
            seconds[name],
            seconds["dense"],
            to="dense",
            unit="ms/step",
            scale=1e3,
            target=TARGET,
        )


def _trainer(network: str, name: str, data) -> Callable[[], float]:
    """A function that trains two stretches and returns the seconds per step of the second."""
    layers, _ = NETWORKS[network]
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers(keras.layers))
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(True))
    callbacks = []
    if name != "dense":
        dsd_tf.prune(model, SPARSITY, score="random", allocation="erk")
        rule = dsd_tf.Topology(EVERY, dsd_tf.DropFraction(0.3, NEVER, "constant"), GROWTH[name])
        callbacks.append(dsd_tf.DropAndGrow(rule))
    watch = stopwatch(keras)

    def train() -> float:
        model.fit(data, epochs=2, steps_per_epoch=STRETCH, shuffle=False, verbose=0, callbacks=[*callbacks, watch])
        return watch.seconds / STRETCH

    return train
