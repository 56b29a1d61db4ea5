"""A process that trains LeNet-300-100 on 10,000 resident images in one of several loops, and says what that took.

    python loops.py {dsd_tf,fit_numpy,fit_dataset,torch} BATCH

For every line of standard input it trains two epochs and answers with the seconds per step. TensorFlow and PyTorch
would share their threads badly, hence a process for each loop.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

import numpy as np

EXAMPLES, EPOCHS = 10_000, 2


def data() -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N, 28, 28, 1] and int32 [N], random."""
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (EXAMPLES, 28, 28, 1), np.uint8), generator.integers(0, 10, EXAMPLES, np.int32)


def dsd_tf(batch: int) -> Callable[[], None]:
    """What `bin/train` does: resident bytes, shuffled anew every epoch, many steps per call, exact masks held."""
    import keras

    from dsd_tf.data.feed import TrainFeed
    from dsd_tf.data.images import Images
    from dsd_tf.training.kernel_masks import KernelMasks
    from dsd_tf.training.objectives.cross_entropy import CrossEntropy
    from dsd_tf.training.trainer import Trainer

    feed = TrainFeed(Images(*data()), batch, seed=0, augmentation="none")
    trainer = Trainer(_network(), CrossEntropy(), feed)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    trainer.compile(keras.optimizers.SGD(0.1), metrics=[accuracy], steps_per_execution=32, jit_compile=False)
    KernelMasks.of(trainer)
    begin = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: feed.set_epoch(epoch))
    counter = trainer.counter(feed.steps_per_epoch)
    return lambda: trainer.fit(counter, epochs=EPOCHS, callbacks=[begin], shuffle=False, verbose=0)


def fit_numpy(batch: int) -> Callable[[], None]:
    """Plain Keras on arrays, as most people train a small network."""
    images, labels = data()
    model, pixels = _compiled(), images.astype(np.float32) / 255
    return lambda: model.fit(pixels, labels, batch_size=batch, epochs=EPOCHS, verbose=0)


def fit_dataset(batch: int) -> Callable[[], None]:
    """Plain Keras at its best: a tf.data pipeline that batches before it converts, 32 steps per execution."""
    import tensorflow as tf

    def convert(images, labels):
        return tf.cast(images, tf.float32) / 255, labels

    source = tf.data.Dataset.from_tensor_slices(data()).shuffle(EXAMPLES).batch(batch)
    source = source.map(convert, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    model = _compiled(steps_per_execution=32)
    return lambda: model.fit(source, epochs=EPOCHS, verbose=0)


def torch(batch: int) -> Callable[[], None]:
    """A well-written PyTorch loop: resident tensors, an index per batch, the fused optimizer."""
    import torch as t

    images, labels = (t.from_numpy(array) for array in data())
    pixels, labels = images.reshape(EXAMPLES, 784).float() / 255, labels.long()
    linear, relu = t.nn.Linear, t.nn.ReLU()
    model = t.nn.Sequential(linear(784, 300), relu, linear(300, 100), relu, linear(100, 10))
    optimizer = t.optim.SGD(model.parameters(), lr=0.1, fused=True)

    def train() -> None:
        for _ in range(EPOCHS):
            for index in t.randperm(EXAMPLES).split(batch):
                optimizer.zero_grad(set_to_none=True)
                t.nn.functional.cross_entropy(model(pixels[index]), labels[index]).backward()
                optimizer.step()

    return train


def _network():
    from keras import Sequential, layers

    hidden = [layers.Dense(units, activation="relu") for units in (300, 100)]
    return Sequential([layers.Input((28, 28, 1)), layers.Flatten(), *hidden, layers.Dense(10)])


def _compiled(**options):
    import keras

    model = _network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"], jit_compile=False, **options)
    return model


LOOPS = {"dsd_tf": dsd_tf, "fit_numpy": fit_numpy, "fit_dataset": fit_dataset, "torch": torch}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("loop", choices=LOOPS)
    parser.add_argument("batch", type=int)
    asked = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the libraries print is not an answer
    train, steps = LOOPS[asked.loop](asked.batch), EPOCHS * -(-EXAMPLES // asked.batch)
    for _ in sys.stdin:
        start = time.perf_counter()
        train()
        answers.write(f"{(time.perf_counter() - start) / steps}\n")


if __name__ == "__main__":
    main()
