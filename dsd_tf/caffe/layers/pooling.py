"""Pooling: maximum or mean, windows placed by Caffe's rounding rule, or global."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes
from dsd_tf.caffe.layers.windows import pair
from dsd_tf.caffe.message import Message
from dsd_tf.caffe.names import Names
from dsd_tf.models.caffe_ops import Window, Windows, average_pool, max_pool

_METHODS = ("MAX", "AVE", "STOCHASTIC")
_ROUNDING = ("CEIL", "FLOOR")


@dataclass(frozen=True)
class Pooling(Rule):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        channels, *lengths = self.feature_map(bottoms)
        if self._method == "STOCHASTIC":
            raise self.layer.error("STOCHASTIC pooling is not supported (supported: MAX, AVE)")
        if self._is_global:
            return Shapes([(channels, 1, 1)], [])
        places = list(zip(self._windows, lengths, strict=True))
        for window, length in places:
            if not window.reaches(length, self._rounds_up):
                raise self.layer.error(f"some windows of {window} lie outside an input of {tuple(lengths)}")
        return Shapes([(channels, *(window.count(length, self._rounds_up) for window, length in places))], [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        largest = self._method == "MAX"
        if self._is_global:
            pool = layers.GlobalMaxPooling2D if largest else layers.GlobalAveragePooling2D
            return [pool(keepdims=True, name=names())(bottoms[0])]
        pool = max_pool if largest else average_pool
        return [pool(bottoms[0], self._windows, names(), self._rounds_up)]

    @property
    def _parameters(self) -> Message:
        return self.message.message("pooling_param")

    @property
    def _method(self) -> str:
        return self._parameters.choice("pool", _METHODS, "MAX")

    @property
    def _rounds_up(self) -> bool:
        return self._parameters.choice("round_mode", _ROUNDING, "CEIL") == "CEIL"

    @property
    def _is_global(self) -> bool:
        return self._parameters.flag("global_pooling", False)

    @property
    def _windows(self) -> Windows:
        sizes = pair(self._parameters, "kernel_size", None, least=1)
        strides = pair(self._parameters, "stride", 1, least=1)
        pads = pair(self._parameters, "pad", 0, least=0)
        rows, columns = map(Window, sizes, strides, pads)
        return rows, columns
