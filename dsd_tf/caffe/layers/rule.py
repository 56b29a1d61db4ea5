"""What the converter asks of a Caffe layer: the shapes it makes, the weights it owns, its Keras layers."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np
from keras import KerasTensor

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.message import Message
from dsd_tf.caffe.names import Names
from dsd_tf.caffe.network import Layer


class Shapes(NamedTuple):
    """Of one layer's tops (without the batch axis) and weight blobs, both in Caffe's axis order."""

    tops: list[Shape]
    blobs: list[Shape]


@dataclass(frozen=True)
class Rule(abc.ABC):
    """One Caffe layer. Maps (C, H, W) are (batch, H, W, C) in Keras; other shapes keep their axis order."""

    layer: Layer

    @property
    def message(self) -> Message:
        return self.layer.message

    @abc.abstractmethod
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        """Raises CaffeError if the layer's parameters are invalid, unsupported, or do not fit its bottoms."""

    @abc.abstractmethod
    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        """The layer's tops. `blobs` are float32 in the shapes that `shapes` gave."""

    def single(self, bottoms: Sequence[Shape]) -> Shape:
        """The only bottom's shape, for a layer with one bottom and one top."""
        if len(bottoms) != 1 or len(self.layer.tops) != 1:
            raise self.layer.error(
                f"one bottom and one top are supported, found {len(bottoms)} and {len(self.layer.tops)}"
            )
        return bottoms[0]

    def feature_map(self, bottoms: Sequence[Shape]) -> Shape:
        """The only bottom's shape, for a layer that works on (channels, height, width)."""
        shape = self.single(bottoms)
        if len(shape) != 3:
            raise self.layer.error(f"expected an input of shape channels x height x width, found {shape}")
        return shape

    def axis(self, message: Message, bottom: Shape, name: str = "axis") -> int:
        """A parameter that names an axis (default: the channels), counted from 1 behind the batch axis."""
        axes = len(bottom) + 1
        axis = message.integer(name, 1, least=-axes)
        if not (1 <= axis < axes or -axes < axis < 0):
            raise self.layer.error(f"{name} {axis} is the batch or does not exist; there are {axes} axes")
        return axis % axes


def caffe_shape(x: KerasTensor) -> Shape:
    """The shape that Caffe would give this tensor, without the batch axis."""
    return (x.shape[3], *x.shape[1:3]) if len(x.shape) == 4 else tuple(x.shape[1:])


def keras_axis(axis: int, bottom: Shape) -> int:
    """Caffe's axis of a bottom as an axis of the Keras tensor."""
    return (0, 3, 1, 2)[axis] if len(bottom) == 3 else axis


def apply(layer: keras.layers.Layer, x: KerasTensor, weights: Sequence[np.ndarray]) -> KerasTensor:
    """Call a new layer on `x`, its weights (in the order in which it makes them) starting as `weights`.

    An array may have other axes than the weight if its numbers are in the same order.
    """
    # Drawing random weights first and setting them afterwards takes three times the memory of the weights.
    rest = iter(weights)
    own = {name: value for name, value in vars(layer).items() if name.endswith("_initializer")}
    for name in own:
        setattr(layer, name, lambda shape, dtype: np.array(next(rest), order="C").reshape(shape))
    y = layer(x)
    for name, value in own.items():
        setattr(layer, name, value)
    return y
