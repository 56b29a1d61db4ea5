"""Layers that work on every number by itself (or on the channels of every pixel), most without weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers, ops

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes, apply, caffe_shape, keras_axis
from dsd_tf.caffe.names import Names
from dsd_tf.models.caffe_ops import block
from dsd_tf.models.dropout import dropout


@dataclass(frozen=True)
class _Activation(Rule):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        return Shapes([self.single(bottoms)], [])

    def number(self, name: str, default: float, least: float = -np.inf, most: float = np.inf) -> float:
        """A parameter of the message named after the layer type."""
        value = self.message.message(f"{type(self).__name__.lower()}_param").number(name, default)
        if not least <= value <= most:
            raise self.layer.error(f"{name} must be from {least:g} to {most:g}, not {value:g}")
        return value


@dataclass(frozen=True)
class ReLU(_Activation):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        self._slope()
        return super().shapes(bottoms)

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [layers.ReLU(negative_slope=self._slope(), name=names())(bottoms[0])]

    def _slope(self) -> float:
        return self.number("negative_slope", 0.0, least=0)


@dataclass(frozen=True)
class ELU(_Activation):
    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [layers.ELU(self.number("alpha", 1.0), name=names())(bottoms[0])]


@dataclass(frozen=True)
class Sigmoid(_Activation):
    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [layers.Activation("sigmoid", name=names())(bottoms[0])]


@dataclass(frozen=True)
class TanH(_Activation):
    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [layers.Activation("tanh", name=names())(bottoms[0])]


@dataclass(frozen=True)
class Power(_Activation):
    """(shift + scale * x)**power."""

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        scale, shift, power = self.number("scale", 1.0), self.number("shift", 0.0), self.number("power", 1.0)
        if power == 1:
            return [layers.Rescaling(scale, shift, name=names())(bottoms[0])]
        return [block(lambda x: ops.power(shift + scale * x, power), bottoms[0], names())]


@dataclass(frozen=True)
class Dropout(_Activation):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        self._rate()
        return super().shapes(bottoms)

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [dropout(bottoms[0], self._rate(), names(), seed=0)]

    def _rate(self) -> float:
        return self.number("dropout_ratio", 0.5, least=0, most=1)


@dataclass(frozen=True)
class Softmax(_Activation):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        self._axis(self.single(bottoms))
        return super().shapes(bottoms)

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        shape = caffe_shape(bottoms[0])
        return [layers.Softmax(keras_axis(self._axis(shape), shape), name=names())(bottoms[0])]

    def _axis(self, bottom: Shape) -> int:
        return self.axis(self.message.message("softmax_param"), bottom)


@dataclass(frozen=True)
class PReLU(Rule):
    """One slope for every channel, or one for all (`channel_shared`)."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        shape = self.single(bottoms)
        shared = self.message.message("prelu_param").flag("channel_shared", False)
        return Shapes([shape], [() if shared else (shape[0],)])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        x = bottoms[0]
        axes = len(x.shape)
        shared = range(1, axes - 1 if blobs[0].ndim else axes)
        slopes = blobs[0].reshape([1] * len(shared) + [-1] * blobs[0].ndim)
        return [apply(layers.PReLU(shared_axes=list(shared), name=names()), x, [slopes])]
