"""A process that trains a network on random images as one of two replicas, or as both, and says what that took.

    python replicas.py NETWORK {one_device,mirrored,ADDRESSES} [INDEX]

`mirrored` has two logical devices, `one_device` one and no replicas; otherwise it is worker INDEX of the two at
ADDRESSES, separated by a comma. For every line of standard input it trains an epoch and answers with the seconds per
step, by the clock and of processors.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Work:
    """A network, and what an epoch of it is."""

    title: str
    model: str
    width: float
    shape: tuple[int, int, int]
    batch: int
    steps: int
    steps_per_execution: int
    synchronized: bool = True


NETWORKS = {
    "lenet300": Work("LeNet-300-100, batch 128", "lenet300", 1.0, (28, 28, 1), 128, 160, 32),
    "resnet18": Work("ResNet-18 of width 16, batch 64", "resnet18", 0.25, (32, 32, 3), 64, 8, 4),
    "replica": Work("the same, batch norm of each replica", "resnet18", 0.25, (32, 32, 3), 64, 8, 4, False),
}


def trainer_and_feed(work: Work, strategy):
    """What `bin/train` trains with, for SGD with momentum and a mask on every kernel."""
    import keras

    from dsd_tf.data.feed import TrainFeed
    from dsd_tf.data.images import Images
    from dsd_tf.models.build import build_model
    from dsd_tf.models.options import ModelOptions
    from dsd_tf.training.kernel_masks import KernelMasks
    from dsd_tf.training.objectives.cross_entropy import CrossEntropy
    from dsd_tf.training.trainer import Trainer
    from dsd_tf.training.update_rules import TorchSGD

    generator, examples = np.random.default_rng(0), work.batch * work.steps
    pixels = generator.integers(0, 256, (examples, *work.shape), np.uint8)
    images = Images(pixels, generator.integers(0, 10, examples, np.int32))
    feed = TrainFeed(images, work.batch, seed=0, augmentation="none")
    with strategy.scope():
        synchronized = work.synchronized and strategy.num_replicas_in_sync > 1
        model = build_model(work.model, work.shape, 10, ModelOptions(width=work.width, synchronized=synchronized), 0)
        trainer = Trainer(model, CrossEntropy(), feed)
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        options = {"steps_per_execution": work.steps_per_execution, "jit_compile": False}
        trainer.compile(TorchSGD(0.01, momentum=0.9), weighted_metrics=[accuracy], **options)
    KernelMasks.of(trainer)
    return trainer, feed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("replicas")
    parser.add_argument("index", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the libraries print is not an answer

    from dsd_tf.training.strategy import make_strategy
    from dsd_tf.workers.cluster import Cluster

    is_alone = asked.replicas in ("one_device", "mirrored")
    cluster = None if is_alone else Cluster(tuple(asked.replicas.split(",")), asked.index)
    work = NETWORKS[asked.network]
    trainer, feed = trainer_and_feed(work, make_strategy(asked.replicas, 2, cluster))
    for epoch, _ in enumerate(sys.stdin):
        feed.set_epoch(epoch)
        start = time.perf_counter(), time.process_time()
        trainer.fit(trainer.counter, steps_per_epoch=work.steps, shuffle=False, verbose=0)
        end = time.perf_counter(), time.process_time()
        answers.write(
            json.dumps([(after - before) / work.steps for before, after in zip(start, end, strict=True)]) + "\n"
        )


if __name__ == "__main__":
    main()
