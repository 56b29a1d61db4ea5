"""How undecided a network's ReLUs are: the entropy of their ON/OFF states over a set of images.

Quetu & Tartaglione 2024 ("DSD2", AAAI): a unit is ON for an image if its ReLU's input is positive. A unit that is ON
for a share p of the images has H(p) = -p log2 p - (1-p) log2 (1-p) bits; a layer's entropy is the mean over its units.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.analysis.rectifiers import Rectified, rectified
from dsd_tf.data.feed import resident, scaled
from dsd_tf.data.images import Images

LEGACY_IMAGES = 400
"""The paper's code looks at one batch of so many images."""


@dataclass(frozen=True)
class LayerEntropy:
    """One ReLU's units. Entropies in bits: `mean` over all of them, `alive_mean` over the `alive` ones, those that a
    nonzero weight enters (0 if there are none). `constant` is the share of units that are always or never ON.
    """

    name: str
    units: int
    mean: float
    alive: int
    alive_mean: float
    constant: float


@dataclass(frozen=True)
class Entropy:
    """Entropies in bits of a network's ReLUs over so many images, in the order they are called in."""

    images: int
    layers: tuple[LayerEntropy, ...]

    @property
    def mean(self) -> float:
        """Of the network: every layer weighs the same."""
        return math.fsum(layer.mean for layer in self.layers) / len(self.layers)

    @property
    def unit_mean(self) -> float:
        """Of the network: every unit weighs the same."""
        units = sum(layer.units for layer in self.layers)
        return math.fsum(layer.mean * layer.units for layer in self.layers) / units

    def to_json(self) -> dict[str, Any]:
        """All figures as plain numbers, strings, lists and dicts."""
        layers = [dataclasses.asdict(layer) for layer in self.layers]
        return {"images": self.images, "mean": self.mean, "unit_mean": self.unit_mean, "layers": layers}


class EntropyMeter:
    """Measures a model on images in memory; traces it once, at the first call, and follows its weights after that.

    Counts are pooled over all images, exact, and take no more memory for more images. With `legacy_first_batch` only
    the first 400 images count, as the paper's code reports it (there they are a random batch).

    Attributes:
        images: how many are measured.
    """

    def __init__(self, model: keras.Model, images: Images, *, batch_size: int = 500, legacy_first_batch: bool = False):
        if legacy_first_batch:
            images = images.take(np.arange(min(LEGACY_IMAGES, len(images))))
        self.images = len(images)
        self._model, self._batch_size = model, batch_size
        self._pixels, _ = resident(images)
        self._relus: list[Rectified] = []

    def __call__(self, reached: Callable[[int], None] = lambda done: None) -> Entropy:
        """The entropies with the model's weights of now; `reached` is told after every batch how many images are done.

        Raises:
            UsageError: for a model without ReLUs.
        """
        on = 0
        for start in range(0, self.images, self._batch_size):
            on += self._count(tf.constant(start))
            reached(min(start + self._batch_size, self.images))
        sizes = [math.prod(relu.output.shape[1:]) for relu in self._relus]
        counts = np.split(on.numpy(), np.cumsum(sizes)[:-1])
        layers = map(self._layer, self._relus, counts)
        return Entropy(self.images, tuple(layers))

    @cached_property
    def _count(self) -> Callable[[tf.Tensor], tf.Tensor]:
        return tf.function(self._on_in_batch, autograph=False).get_concrete_function(tf.TensorSpec([], tf.int32))

    def _on_in_batch(self, start: tf.Tensor) -> tf.Tensor:
        """For every unit of every ReLU, one after the other, how many images of a batch it is ON for; int64."""
        pixels = self._pixels[start : start + self._batch_size]
        self._relus = rectified(self._model, scaled(pixels))
        return tf.concat([_on(relu.output) for relu in self._relus], axis=0)

    def _layer(self, relu: Rectified, on: np.ndarray) -> LayerEntropy:
        bits = binary_entropy(on / self.images)
        alive = np.broadcast_to(relu.alive(), relu.output.shape[1:]).ravel()
        constant = np.mean((on == 0) | (on == self.images))
        alive_mean = bits[alive].mean() if alive.any() else 0.0
        return LayerEntropy(
            relu.name, len(on), float(bits.mean()), int(alive.sum()), float(alive_mean), float(constant)
        )


def _on(output: tf.Tensor) -> tf.Tensor:
    # The output is positive if and only if the input is. A product with ones is the fastest sum over a batch, and
    # exact: float32 holds every integer up to 2**24.
    states = tf.reshape(tf.cast(output > 0, tf.float32), [-1, math.prod(output.shape[1:])])
    counts = tf.linalg.matvec(states, tf.ones(tf.shape(states)[:1]), transpose_a=True)
    return tf.cast(counts, tf.int64)


def binary_entropy(p: np.ndarray) -> np.ndarray:
    """-p log2 p - (1-p) log2 (1-p) in bits, 0 for p of 0 and 1; float64."""
    q = 1 - p
    return 0.0 - p * np.log2(np.where(p > 0, p, 1)) - q * np.log2(np.where(q > 0, q, 1))
