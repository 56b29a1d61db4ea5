"""A process that trains one network in several variants, a stretch at a time, and says what that took.

    python trainer.py {keras,tf_keras} NETWORK TOTAL_STEPS STRETCH

For every line of standard input, the name of a variant, it trains that variant for two stretches, of which it
times the second, and answers with one line of JSON. `keras` prunes with dsd_tf, `tf_keras` with TFMOT, by the
same calls. Which Keras a process has is settled once, hence a process for each.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time

import numpy as np
import tensorflow as tf

from benchmarks.measures.networks import cnn, lenet300, wide
from benchmarks.measures.peak import peak_bytes
from benchmarks.measures.untuned import untuned

BATCHES = 50
SPARSITY = {"keras": "dsd_tf", "tf_keras": "tensorflow_model_optimization.sparsity.keras"}
FREQUENCY = {"every step": 1, "every 100 steps": 100}


NETWORKS = {"lenet300": (lenet300, 128), "cnn": (cnn, 64), "wide": (wide, 32)}


def build(keras, sparsity, network: str, variant: str, total_steps: int):
    """A compiled model and the callbacks it trains with."""
    layers, _ = NETWORKS[network]
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers(keras.layers))
    callbacks = []
    if variant != "dense":
        model = sparsity.prune_low_magnitude(model, _schedule(sparsity, variant, total_steps))
        callbacks.append(sparsity.UpdatePruningStep())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss)
    return model, callbacks


def batches(network: str) -> tf.data.Dataset:
    """Random examples without end, resident and in a fixed order."""
    layers, batch = NETWORKS[network]
    generator = np.random.default_rng(0)
    shape = (32, 32, 3) if layers is cnn else (784,)
    images = generator.random((BATCHES * batch, *shape), np.float32)
    labels = generator.integers(0, 10, len(images), np.int32)
    return untuned(tf.data.Dataset.from_tensor_slices((images, labels)).batch(batch).cache().repeat().prefetch(2))


def stopwatch(keras):
    """A callback that times epochs; it has no hook that runs per batch."""

    class Stopwatch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.start

    return Stopwatch()


def state(model) -> dict[str, float]:
    """How many weights the kernels have, the share of zeros, the bytes of masks, and the process's peak memory."""
    kernels = [weight for weight in model.trainable_weights if len(weight.shape) > 1]
    weights = sum(int(np.prod(kernel.shape)) for kernel in kernels)
    filled = sum(np.count_nonzero(kernel.numpy()) for kernel in kernels)
    masks = getattr(model.optimizer, "masks", ())
    return {
        "weights": weights,
        "zeros": 1 - filled / weights,
        "mask_bytes": sum(mask.numpy().nbytes for mask in masks),
        "peak_bytes": peak_bytes(),
    }


def _schedule(sparsity, variant: str, total_steps: int):
    if variant == "unchanged":
        return sparsity.ConstantSparsity(0.5, 0, end_step=1)
    return sparsity.PolynomialDecay(0.0, 0.9, 0, total_steps, frequency=FREQUENCY[variant])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("keras", choices=SPARSITY)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("total_steps", type=int)
    parser.add_argument("stretch", type=int)
    asked = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the libraries print is not an answer
    sparsity = importlib.import_module(SPARSITY[asked.keras])
    keras = importlib.import_module(asked.keras)
    _ = sparsity.PolynomialDecay, sparsity.UpdatePruningStep  # loads all of it, for the dense variant too
    data, watch, models = batches(asked.network), stopwatch(keras), {}
    for line in sys.stdin:
        variant = line.strip()
        if variant not in models:
            models[variant] = build(keras, sparsity, asked.network, variant, asked.total_steps)
        model, callbacks = models[variant]
        model.fit(
            data, epochs=2, steps_per_epoch=asked.stretch, shuffle=False, verbose=0, callbacks=[*callbacks, watch]
        )
        answers.write(json.dumps({"seconds": watch.seconds / asked.stretch, **state(model)}) + "\n")


if __name__ == "__main__":
    main()
