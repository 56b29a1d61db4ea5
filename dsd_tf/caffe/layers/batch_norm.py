"""BatchNorm, Scale and Bias, which Caffe keeps apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes, apply
from dsd_tf.caffe.names import Names


@dataclass(frozen=True)
class BatchNorm(Rule):
    """Blobs: mean * f, variance * f, and the factor f. Has no scale or offset of its own."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        shape = self.single(bottoms)
        parameters = self.message.message("batch_norm_param")
        if parameters.number("eps", 1e-5) <= 0 or not 0 < self._momentum <= 1:
            raise self.layer.error("eps must be positive and moving_average_fraction from 0 to 1")
        return Shapes([shape], [(shape[0],), (shape[0],), (1,)])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        """Behind its own blobs there may be those of the Scale that it is merged with."""
        parameters = self.message.message("batch_norm_param")
        mean, variance, (factor,), *scale = blobs
        unit = 1 / factor if factor else np.float32(0)
        layer = layers.BatchNormalization(
            momentum=self._momentum,
            epsilon=parameters.number("eps", 1e-5),
            scale=len(scale) > 0,
            center=len(scale) > 1,
            name=names(),
        )
        return [apply(layer, bottoms[0], [*scale, mean * unit, variance * unit])]

    @property
    def _momentum(self) -> float:
        return self.message.message("batch_norm_param").number("moving_average_fraction", 0.999)


@dataclass(frozen=True)
class Scale(Rule):
    """A factor for every channel, and an offset if `bias_term`: a 1x1 depthwise convolution."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        biased = self.message.message("scale_param").flag("bias_term", False)
        return _per_channel(self, "scale_param", bottoms, blobs=1 + biased)

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [_affine(bottoms[0], blobs, names)]


@dataclass(frozen=True)
class Bias(Rule):
    """An offset for every channel: a 1x1 depthwise convolution whose kernel is one."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        return _per_channel(self, "bias_param", bottoms, blobs=1)

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [_affine(bottoms[0], [np.ones_like(blobs[0]), blobs[0]], names)]


def _per_channel(rule: Rule, parameters: str, bottoms: Sequence[Shape], blobs: int) -> Shapes:
    shape = rule.single(bottoms)
    message = rule.message.message(parameters)
    if rule.axis(message, shape) != 1 or message.integer("num_axes", 1, least=-1) != 1:
        raise rule.layer.error("only one value for every channel (axis 1, num_axes 1) is supported")
    return Shapes([shape], [(shape[0],)] * blobs)


def _affine(x: KerasTensor, blobs: list[np.ndarray], names: Names) -> KerasTensor:
    kernel, *bias = blobs
    vector = len(x.shape) == 2
    if vector:
        x = layers.Reshape((1, 1, len(kernel)), name=names("map"))(x)
    layer = layers.DepthwiseConv2D(1, use_bias=bool(bias), name=names())
    y = apply(layer, x, [kernel.reshape(1, 1, -1, 1), *bias])
    return layers.Flatten(name=names("vector"))(y) if vector else y
