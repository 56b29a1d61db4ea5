"""From Caffe's two files to a Keras model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from dsd_tf.caffe.build import Row, build_model
from dsd_tf.caffe.caffemodel import read_caffemodel
from dsd_tf.caffe.network import Ignored, build_network
from dsd_tf.caffe.plan import Step, plan
from dsd_tf.caffe.prototxt import read_prototxt
from dsd_tf.caffe.weights import Matched, match

WeightReader = Callable[[Path, Sequence[Step]], Matched]


@dataclass(frozen=True)
class Conversion:
    """A model, where its layers come from, what was left out, and the channel means in the prototxt (BGR)."""

    model: keras.Model
    rows: list[Row]
    ignored: list[Ignored]
    means: tuple[float, ...]


def caffemodel_weights(path: Path, steps: Sequence[Step]) -> Matched:
    """The arrays of a .caffemodel file for a plan."""
    return match(steps, read_caffemodel(path))


def convert(prototxt: Path, weights: Path, read: WeightReader = caffemodel_weights) -> Conversion:
    """The network of `prototxt` with the weights in `weights`, as a Keras model that needs nothing of ours.

    Raises CaffeError, in one line that names the place, for files that are damaged, do not fit each other, or
    use what is not supported.
    """
    network = build_network(read_prototxt(prototxt))
    steps = plan(network)
    matched = read(weights, steps)
    model, rows = build_model(network, steps, matched.arrays)
    unused = [Ignored(name, "weights", "no layer of the inference network has this name") for name in matched.unused]
    return Conversion(model, rows, network.ignored + unused, network.means)
