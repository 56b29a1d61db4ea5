"""Local response normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers, ops

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes
from dsd_tf.caffe.message import Message
from dsd_tf.caffe.names import Names
from dsd_tf.models.caffe_ops import block, local_response_norm, scaled_down

_LARGEST_SIZE = 255  # one addition for each neighbour
_REGIONS = ("ACROSS_CHANNELS", "WITHIN_CHANNEL")


@dataclass(frozen=True)
class LRN(Rule):
    """Within a channel, the window is spatial and the mean over it includes the padding; `k` is 1 there."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        shape = self.feature_map(bottoms)
        if self._size % 2 == 0 or self._size > _LARGEST_SIZE:
            raise self.layer.error(f"local_size must be odd and at most {_LARGEST_SIZE}, not {self._size}")
        if self._parameters.number("k", 1.0) <= 0 or self._parameters.number("alpha", 1.0) < 0:
            raise self.layer.error("k must be positive and alpha not negative")
        return Shapes([shape], [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        x, size, parameters = bottoms[0], self._size, self._parameters
        alpha, beta = parameters.number("alpha", 1.0), parameters.number("beta", 0.75)
        if parameters.choice("norm_region", _REGIONS, _REGIONS[0]) == "ACROSS_CHANNELS":
            return [local_response_norm(x, size, alpha, beta, parameters.number("k", 1.0), names())]

        def normalize(x: KerasTensor) -> KerasTensor:
            padded = layers.ZeroPadding2D(size // 2)(ops.square(x))
            return scaled_down(x, 1.0 + alpha * layers.AveragePooling2D(size, 1)(padded), beta)

        return [block(normalize, x, names())]

    @property
    def _parameters(self) -> Message:
        return self.message.message("lrn_param")

    @property
    def _size(self) -> int:
        return self._parameters.integer("local_size", 5, least=1)
