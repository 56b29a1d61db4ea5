"""Batches per second of `TrainFeed` beside tf.data pipelines written by hand, and the memory each adds.

    python -m benchmarks.input_pipeline [--rounds=5]

All pipelines take turns within a round, and medians over the rounds are printed, because other load on the
machine changes absolute numbers by a factor of two: read the ratios. Images are random, batches have 128.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable

import numpy as np
import psutil
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images

BATCH = 128
SETS = {"MNIST-sized": ((60000, 28, 28, 1), "none"), "CIFAR-sized": ((50000, 32, 32, 3), "crop_flip")}


def random_images(shape: tuple[int, ...]) -> Images:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, shape[0], dtype=np.int32)
    return Images(generator.integers(0, 256, shape, dtype=np.uint8), labels)


def shuffled_slices(images: Images) -> tf.data.Dataset:
    """Raw uint8 batches: neither scaled nor augmented."""
    slices = tf.data.Dataset.from_tensor_slices((images.images, images.labels))
    return slices.shuffle(len(images)).batch(BATCH)


def mapped_slices(images: Images, augmentation: str) -> tf.data.Dataset:
    """What tutorials write: the same work as the feed's, one image at a time."""

    def change(image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if augmentation == "crop_flip":
            padded = tf.pad(tf.image.random_flip_left_right(image), [[4, 4], [4, 4], [0, 0]])
            image = tf.image.random_crop(padded, image.shape)
        return tf.cast(image, tf.float32) / 255.0, label

    slices = tf.data.Dataset.from_tensor_slices((images.images, images.labels)).shuffle(len(images))
    return slices.map(change, tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)


def batches_per_second(dataset: tf.data.Dataset) -> float:
    start = time.perf_counter()
    count = sum(1 for _ in dataset)
    return count / (time.perf_counter() - start)


def added_megabytes(build: Callable[[], tf.data.Dataset]) -> tuple[tf.data.Dataset, float]:
    """The pipeline after its first batch, and the resident memory it took beyond the uint8 array."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    dataset = build()
    for _ in dataset.take(1):
        gc.collect()
    return dataset, (psutil.Process().memory_info().rss - before) / 2**20


def compare(name: str, rounds: int) -> None:
    shape, augmentation = SETS[name]
    images = random_images(shape)
    pipelines = {
        "feed": lambda: TrainFeed(images, BATCH, seed=0, augmentation=augmentation).dataset(),
        "slices, shuffle, batch": lambda: shuffled_slices(images),
        "the same work per image": lambda: mapped_slices(images, augmentation),
    }
    built = {label: added_megabytes(build) for label, build in pipelines.items()}
    speeds = {label: [] for label in built}
    for _ in range(rounds):
        for label, (dataset, _) in built.items():
            speeds[label].append(batches_per_second(dataset))
    medians = {label: statistics.median(values) for label, values in speeds.items()}
    print(f"{name}, {augmentation}, array of {images.images.nbytes / 2**20:.0f} MB")
    for label, (_, megabytes) in built.items():
        ratio = medians["feed"] / medians[label]
        print(f"  {label:<24} {medians[label]:7.0f} batches/s   feed is {ratio:5.2f}x   +{megabytes:4.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    for name in SETS:
        compare(name, rounds)


if __name__ == "__main__":
    main()
