"""Weights that a run starts from instead of fresh ones, out of a .keras file of whatever origin."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from dsd_tf.caffe.transfer import weighted
from dsd_tf.errors import UsageError
from dsd_tf.export import keras_file
from dsd_tf.models.build import NORMALIZE


@dataclass(frozen=True)
class GivenWeights:
    """`weights` are those of the whole network, in the order of `model.weights`.

    `taken` names the layers that have them from the file, `kept` those that stay as initialised, with the
    reason, and `unused` the layers of the file that the network has not. `sha256` is of the file.
    """

    path: Path
    sha256: str
    weights: list[np.ndarray]
    taken: list[str]
    kept: list[str]
    unused: list[str]

    def __str__(self) -> str:
        lists = {"as initialised": self.kept, "unused": self.unused}
        parts = [f"; {what}: {', '.join(names)}" for what, names in lists.items() if names]
        return f"weights of {len(self.taken)} layers are those of {self.path}{''.join(parts)}"


def give_weights(path: Path, model: keras.Model, caffe: bool) -> GivenWeights:
    """Put the weights in a .keras file into the layers of `model` of the same name and the same shapes.

    The names that Caffe's SqueezeNets give a layer count as one. With `caffe`, a file without our
    normalisation is taken for a converted network, which reads blue, green, red: its first kernel is turned
    round to read our RGB.

    Raises:
        UsageError: if the file cannot be loaded, or no layer matches.
    """
    source = keras_file.load(path)
    given, wanted = _arrays(source), _arrays(model)
    if caffe and NORMALIZE not in {layer.name for layer in source.layers}:
        _swap_red_and_blue(given, path)
    taken, kept = [], []
    for name, layer in weighted(model).items():
        problem = _misfit(given.get(name), wanted[name])
        if problem:
            kept.append(f"{name} ({problem})")
        else:
            layer.set_weights(given[name])
            taken.append(name)
    if not taken:
        raise UsageError(
            f"--init_from={path}: no layer has the name and shapes of one of {model.name}: {'; '.join(kept[:3])} ..."
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return GivenWeights(path, digest, model.get_weights(), taken, kept, sorted(given.keys() - wanted.keys()))


def _arrays(model: keras.Model) -> dict[str, list[np.ndarray]]:
    return {name: layer.get_weights() for name, layer in weighted(model).items()}


def _misfit(given: list[np.ndarray] | None, wanted: list[np.ndarray]) -> str:
    if given is None:
        return "not in the file"
    here, there = ([array.shape for array in arrays] for arrays in (wanted, given))
    return "" if here == there else f"of {here} here, {there} in the file"


def _swap_red_and_blue(given: dict[str, list[np.ndarray]], path: Path) -> None:
    kernel = next(iter(given.values()), [np.empty(0)])[0]
    if kernel.ndim != 4 or kernel.shape[2] != 3:
        raise UsageError(f"--init_from={path}: --normalization=caffe needs a first convolution of 3 channels")
    next(iter(given.values()))[0] = kernel[:, :, ::-1]
