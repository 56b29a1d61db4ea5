"""Convolution, with groups, dilation and any padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.filters import FilterRule, bank_per_group
from dsd_tf.caffe.layers.rule import Shapes, apply
from dsd_tf.caffe.names import Names
from dsd_tf.models.caffe_ops import grouped


@dataclass(frozen=True)
class Convolution(FilterRule):
    """Cross-correlation as in Keras; the kernel is stored as (outputs, inputs / group, rows, columns)."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        channels, *lengths = self.check(bottoms)
        filters = self.filters
        sizes = [
            (length + 2 * pad - reach) // stride + 1
            for length, pad, reach, stride in zip(lengths, filters.pad, filters.reach, filters.stride, strict=True)
        ]
        if min(sizes) < 1:
            raise self.layer.error(f"the kernel spans {filters.reach}, more than the padded input of {tuple(lengths)}")
        blobs = [(filters.outputs, channels // filters.group, *filters.kernel), (filters.outputs,)]
        return Shapes([(filters.outputs, *sizes)], blobs[: 1 + filters.bias])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        x, filters = bottoms[0], self.filters
        padding = "same" if self._is_same_padding() else "valid"
        if padding == "valid" and any(filters.pad):
            x = layers.ZeroPadding2D(filters.pad, name=names("pad"))(x)
        depthwise = 1 < filters.group == x.shape[-1]
        late = self._strides_late(depthwise)
        options = {
            "strides": 1 if late else filters.stride,
            "padding": padding,
            "dilation_rate": filters.dilation,
            "use_bias": filters.bias,
        }
        y = self._depthwise(x, blobs, names, options) if depthwise else self._dense(x, blobs, names, options)
        return [layers.MaxPooling2D(1, filters.stride, name=names("stride"))(y) if late else y]

    def _is_same_padding(self) -> bool:
        filters = self.filters
        centred = all(2 * pad == reach - 1 for pad, reach in zip(filters.pad, filters.reach, strict=True))
        return centred and filters.stride == (1, 1)

    def _strides_late(self, depthwise: bool) -> bool:
        """TensorFlow does not stride and dilate at once, nor stride a depthwise kernel unequally."""
        filters = self.filters
        dilated = filters.dilation != (1, 1) and filters.stride != (1, 1)
        return dilated or (depthwise and filters.stride[0] != filters.stride[1])

    def _dense(self, x: KerasTensor, blobs: list[np.ndarray], names: Names, options: dict) -> KerasTensor:
        filters = self.filters
        bank = bank_per_group(blobs, filters.group)
        outputs = filters.outputs // filters.group

        def convolve(part: KerasTensor, index: int) -> KerasTensor:
            name = names() if filters.group == 1 else f"group{index + 1}"
            return apply(layers.Conv2D(outputs, filters.kernel, name=name, **options), part, bank[index])

        return convolve(x, 0) if filters.group == 1 else grouped(x, filters.group, convolve, names())

    def _depthwise(self, x: KerasTensor, blobs: list[np.ndarray], names: Names, options: dict) -> KerasTensor:
        filters = self.filters
        per_channel = filters.outputs // filters.group
        kernel = blobs[0].reshape(filters.group, per_channel, *filters.kernel).transpose(2, 3, 0, 1)
        layer = layers.DepthwiseConv2D(filters.kernel, depth_multiplier=per_channel, name=names(), **options)
        return apply(layer, x, [kernel, *blobs[1:]])
