"""Images per second of `bin/evaluate`'s loop on the converted SqueezeNet beside OpenCV's runtime of the Caffe files.

    python -m benchmarks.evaluate_vs_opencv --data=DIR [--rounds=5] [--threads=2]

DIR holds deploy.prototxt, its .caffemodel, and imagenet_sample/{val/,synsets.txt}. Both sides read the same JPEG
files, each REPEATS times, decode, resize, crop, classify and count, on as many threads. OpenCV goes image by image and
in batches; they take turns within a round and medians are printed, because other load changes absolute numbers: read
the ratios.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from dsd_tf.caffe.convert import convert
from dsd_tf.data import preparation
from dsd_tf.data.caffe_preprocessing import MEANS_BGR
from dsd_tf.data.class_folders import open_class_folders, read_synsets
from dsd_tf.data.stream import Reader
from dsd_tf.training.evaluation import streamed_scores

MODEL = "squeezenet_v1.0_deep_compression.caffemodel"
SIDE, OFFSET = 227, 14
BATCH = 50
REPEATS = 4  # so that what happens once per evaluation, as tracing a graph, weighs little


def ours(data: Path) -> Callable[[], float]:
    model = convert(data / "deploy.prototxt", data / MODEL).model
    stream = open_class_folders(data / "imagenet_sample/val", data / "imagenet_sample/synsets.txt", num_classes=1000)
    repeated = dataclasses.replace(stream, items=stream.items.repeat(REPEATS), examples=REPEATS * stream.examples)
    prepare = preparation.caffe((SIDE, SIDE, 3), np.array(MEANS_BGR, np.float32))

    def top1() -> float:
        reader = Reader(repeated, prepare, BATCH)
        return streamed_scores(lambda images: model(images, training=False), reader, lambda done: None).top1

    return top1


def opencv(data: Path, batch: int) -> Callable[[], float]:
    network = cv2.dnn.readNetFromCaffe(str(data / "deploy.prototxt"), str(data / MODEL))
    classes = {name: number for number, name in enumerate(read_synsets(data / "imagenet_sample/synsets.txt"))}
    files = REPEATS * sorted((data / "imagenet_sample/val").glob("*/*.JPEG"))
    inside = slice(OFFSET, OFFSET + SIDE)

    def crop(file: Path) -> np.ndarray:
        return cv2.resize(cv2.imread(str(file)), (256, 256))[inside, inside]

    def top1() -> float:
        right = 0
        for start in range(0, len(files), batch):
            part = files[start : start + batch]
            network.setInput(cv2.dnn.blobFromImages([crop(file) for file in part], mean=MEANS_BGR))
            best = network.forward().reshape(len(part), -1).argmax(axis=1)
            right += sum(classes[file.parent.name] == found for file, found in zip(part, best, strict=True))
        return right / len(files)

    return top1


def seconds(run: Callable[[], float]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    tf.config.experimental.enable_op_determinism()  # as bin/evaluate does
    sides = {
        "dsd_tf": ours(options.data),
        "OpenCV, one image at a time": opencv(options.data, 1),
        f"OpenCV, batches of {BATCH}": opencv(options.data, BATCH),
    }
    accuracy = {name: run() for name, run in sides.items()}  # also warms up
    times = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, run in sides.items():
            times[name].append(seconds(run))
    examples = REPEATS * len(list((options.data / "imagenet_sample/val").glob("*/*.JPEG")))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        ratio = median / medians["dsd_tf"]
        print(
            f"{name:<30} {examples / median:6.1f} images/s  top-1 {accuracy[name]:.2%}  dsd_tf is {ratio:.2f}x as fast"
        )


if __name__ == "__main__":
    main()
