"""Deconvolution: the transpose of a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.filters import FilterRule, bank_per_group
from dsd_tf.caffe.layers.rule import Shapes, apply, caffe_shape
from dsd_tf.caffe.names import Names
from dsd_tf.models.caffe_ops import grouped


@dataclass(frozen=True)
class Deconvolution(FilterRule):
    """The kernel is stored as (inputs, outputs / group, rows, columns); padding crops the result."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        channels, *lengths = self.check(bottoms)
        filters = self.filters
        if filters.dilation != (1, 1) and filters.stride != (1, 1):
            raise self.layer.error("a deconvolution with both stride and dilation is not supported")
        sizes = [
            stride * (length - 1) + reach - 2 * pad
            for length, pad, reach, stride in zip(lengths, filters.pad, filters.reach, filters.stride, strict=True)
        ]
        if min(sizes) < 1:
            raise self.layer.error(f"pad {filters.pad} crops everything")
        blobs = [(channels, filters.outputs // filters.group, *filters.kernel), (filters.outputs,)]
        return Shapes([(filters.outputs, *sizes)], blobs[: 1 + filters.bias])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        x, filters = bottoms[0], self.filters
        bank = bank_per_group(blobs, filters.group)

        def transpose(part: KerasTensor, index: int) -> KerasTensor:
            layer = layers.Conv2DTranspose(
                filters.outputs // filters.group,
                filters.kernel,
                filters.stride,
                dilation_rate=filters.dilation,
                use_bias=filters.bias,
                name=names() if filters.group == 1 else f"group{index + 1}",
            )
            return apply(layer, part, bank[index])

        y = transpose(x, 0) if filters.group == 1 else grouped(x, filters.group, transpose, names())
        return [self._cropped(y, x, names)]

    def _cropped(self, y: KerasTensor, x: KerasTensor, names: Names) -> KerasTensor:
        _, *sizes = self.shapes([caffe_shape(x)]).tops[0]
        sides = [
            (pad, length - pad - size) for pad, length, size in zip(self.filters.pad, y.shape[1:3], sizes, strict=True)
        ]
        return y if sides == [(0, 0), (0, 0)] else layers.Cropping2D(sides, name=names("crop"))(y)
