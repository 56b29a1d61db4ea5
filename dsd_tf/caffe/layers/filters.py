"""What Convolution and Deconvolution share: `convolution_param` and the layout of its kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule
from dsd_tf.caffe.layers.windows import Pair, pair
from dsd_tf.caffe.message import Message


class Filters:
    """The values of `convolution_param`, pairs as (rows, columns)."""

    def __init__(self, message: Message):
        self.outputs = message.integer("num_output", 0)
        self.bias = message.flag("bias_term", True)
        self.group = message.integer("group", 1, least=1)
        self.kernel = pair(message, "kernel_size", None, least=1)
        self.stride = pair(message, "stride", 1, least=1)
        self.pad = pair(message, "pad", 0, least=0)
        self.dilation = pair(message, "dilation", 1, least=1)
        if message.integer("axis", 1, least=-4) not in (1, -3):
            raise message.error("axis must be 1, the channels")

    @property
    def reach(self) -> Pair:
        """Rows and columns that the dilated kernel spans."""
        rows, columns = (d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True))
        return rows, columns


@dataclass(frozen=True)
class FilterRule(Rule):
    """A layer with `convolution_param`."""

    @cached_property
    def filters(self) -> Filters:
        return Filters(self.message.message("convolution_param"))

    def check(self, bottoms: Sequence[Shape]) -> Shape:
        """The bottom's shape, if its channels and the outputs divide into the groups."""
        shape = self.feature_map(bottoms)
        outputs, group = self.filters.outputs, self.filters.group
        if not outputs or outputs % group or shape[0] % group:
            raise self.layer.error(
                f"num_output {outputs} must be positive, and it and the {shape[0]} input channels "
                f"multiples of group {group}"
            )
        return shape


def bank_per_group(blobs: list[np.ndarray], groups: int) -> list[list[np.ndarray]]:
    """Keras kernel, and bias if there is one, of every group; groups divide a Caffe kernel's first axis."""
    kernels = np.split(blobs[0].transpose(2, 3, 1, 0), groups, axis=3)
    biases = [np.split(bias, groups) for bias in blobs[1:]]
    return [[kernel, *(bias[index] for bias in biases)] for index, kernel in enumerate(kernels)]
