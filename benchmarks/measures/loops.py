"""A process that trains a network on resident images in one of several loops, and says what that took.

    python loops.py LOOP NETWORK BATCH EXAMPLES

For every line of standard input it trains some epochs and answers with the seconds per step and the peak of its memory.
TensorFlow and PyTorch would share their threads badly, and only one Keras fits in a process, hence one for each loop.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.measures.networks import NETWORKS, Work
from benchmarks.measures.peak import peak_bytes

Train = Callable[[], object]


def dsd_tf(work: Work, precision: str = "float32") -> Train:
    """What `bin/train` does: resident bytes, shuffled anew every epoch, many steps per call, exact masks held."""
    import keras

    from dsd_tf.data.feed import TrainFeed
    from dsd_tf.data.images import Images
    from dsd_tf.training.kernel_masks import KernelMasks
    from dsd_tf.training.objectives.cross_entropy import CrossEntropy
    from dsd_tf.training.optimizer_factory import sgd
    from dsd_tf.training.trainer import Trainer

    feed = TrainFeed(Images(*work.data()), work.batch, seed=0, augmentation="none")
    trainer = Trainer(work.network(keras), CrossEntropy(), feed, precision)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    optimizer = sgd(0.01, 0.0, False, work.momentum, False)
    trainer.compile(optimizer, weighted_metrics=[accuracy], steps_per_execution=work.per_call, jit_compile=False)
    KernelMasks.of(trainer)
    begin = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: feed.set_epoch(epoch))
    options = {"steps_per_epoch": feed.steps_per_epoch, "epochs": work.epochs, "shuffle": False, "verbose": 0}
    return lambda: trainer.fit(trainer.counter, callbacks=[begin], **options)


def dsd_tf_bfloat16(work: Work) -> Train:
    """The same with --precision=bfloat16."""
    return dsd_tf(work, "bfloat16")


def fit_numpy(work: Work) -> Train:
    """Plain Keras on arrays, as most people train a small network."""
    import keras

    images, labels = work.data()
    model, pixels = _compiled(keras, work), images.astype(np.float32) / 255
    return lambda: model.fit(pixels, labels, batch_size=work.batch, epochs=work.epochs, verbose=0)


def fit_dataset(work: Work) -> Train:
    """Plain Keras at its best: a tf.data pipeline that batches before it converts, many steps per execution."""
    import keras

    model, source = _compiled(keras, work, steps_per_execution=work.per_call), _dataset(work)
    return lambda: model.fit(source, epochs=work.epochs, verbose=0)


def tfmot(work: Work) -> Train:
    """TFMOT on tf_keras, with the same pipeline; its callback needs one step per execution."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras
    from tensorflow_model_optimization.sparsity import keras as sparsity

    schedule = sparsity.PolynomialDecay(0.0, 0.9, 0, 10_000, frequency=100)
    model = sparsity.prune_low_magnitude(work.network(tf_keras), schedule)
    model, source = _compiled(tf_keras, work, model), _dataset(work)
    return lambda: model.fit(source, epochs=work.epochs, verbose=0, callbacks=[sparsity.UpdatePruningStep()])


def torch(work: Work, bfloat16: bool = False) -> Train:
    """A well-written PyTorch loop: resident tensors, an index per batch, channels last, the fused optimizer."""
    import torch as t

    images, labels = (t.from_numpy(array) for array in work.data())
    pixels, labels = (images.float() / 255).permute(0, 3, 1, 2), labels.long()  # channels last in memory
    model = work.torch_network(t).to(memory_format=t.channels_last)
    optimizer = t.optim.SGD(model.parameters(), lr=0.01, momentum=work.momentum, fused=True)

    def train() -> None:
        for _ in range(work.epochs):
            for index in t.randperm(work.examples).split(work.batch):
                optimizer.zero_grad(set_to_none=True)
                with t.autocast("cpu", t.bfloat16, enabled=bfloat16):
                    logits = model(pixels[index])
                t.nn.functional.cross_entropy(logits.float(), labels[index]).backward()
                optimizer.step()

    return train


def torch_bfloat16(work: Work) -> Train:
    """The same under autocast."""
    return torch(work, bfloat16=True)


def _dataset(work: Work):
    import tensorflow as tf

    from benchmarks.measures.untuned import untuned

    def convert(images, labels):
        return tf.cast(images, tf.float32) / 255, labels

    source = tf.data.Dataset.from_tensor_slices(work.data()).shuffle(work.examples).batch(work.batch)
    return untuned(source.map(convert, num_parallel_calls=2).prefetch(2))


def _compiled(keras, work: Work, model=None, **options):
    model = model or work.network(keras)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(0.01, momentum=work.momentum)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False, **options)
    return model


LOOPS = {
    loop.__name__: loop for loop in (dsd_tf, dsd_tf_bfloat16, fit_numpy, fit_dataset, tfmot, torch, torch_bfloat16)
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("loop", choices=LOOPS)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("batch", type=int)
    parser.add_argument("examples", type=int)
    asked = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the libraries print is not an answer
    work = NETWORKS[asked.network].of(asked.batch, asked.examples)
    train = LOOPS[asked.loop](work)
    for _ in sys.stdin:
        start = time.perf_counter()
        train()
        taken = (time.perf_counter() - start) / work.steps
        answers.write(json.dumps({"seconds": taken, "peak_bytes": peak_bytes()}) + "\n")


if __name__ == "__main__":
    main()
