"""Layers that join several inputs or divide one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers, ops

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes, caffe_shape, keras_axis
from dsd_tf.caffe.message import Message
from dsd_tf.caffe.names import Names
from dsd_tf.models.caffe_ops import block

_OPERATIONS = {"PROD": layers.Multiply, "SUM": layers.Add, "MAX": layers.Maximum}


@dataclass(frozen=True)
class Concat(Rule):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        if not bottoms or len(self.layer.tops) != 1:
            raise self.layer.error("at least one bottom and exactly one top are needed")
        axis = self._axis(bottoms[0]) - 1
        if len({(*shape[:axis], 0, *shape[axis + 1 :]) for shape in bottoms}) > 1:
            raise self.layer.error(f"the bottoms {list(bottoms)} differ in more than axis {axis + 1}")
        joined = sum(shape[axis] for shape in bottoms)
        return Shapes([(*bottoms[0][:axis], joined, *bottoms[0][axis + 1 :])], [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        shape = caffe_shape(bottoms[0])
        return [layers.Concatenate(keras_axis(self._axis(shape), shape), name=names())(bottoms)]

    def _axis(self, bottom: Shape) -> int:
        parameters = self.message.message("concat_param")
        return self.axis(parameters, bottom, "concat_dim" if parameters.has("concat_dim") else "axis")


@dataclass(frozen=True)
class Eltwise(Rule):
    """Product, sum (with a coefficient for every bottom, if any are given), or maximum."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        if len(bottoms) < 2 or len(self.layer.tops) != 1 or len(set(bottoms)) > 1:
            raise self.layer.error(f"two or more bottoms of one shape and one top are needed, found {list(bottoms)}")
        coefficients = self._parameters.numbers("coeff")
        if coefficients and (self._operation != "SUM" or len(coefficients) != len(bottoms)):
            raise self.layer.error("coeff is for operation SUM and needs one value for every bottom")
        return Shapes([bottoms[0]], [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        coefficients = self._parameters.numbers("coeff") or [1.0] * len(bottoms)
        scaled = [
            x if coefficient == 1 else layers.Rescaling(coefficient, name=names("coefficient"))(x)
            for x, coefficient in zip(bottoms, coefficients, strict=True)
        ]
        return [_OPERATIONS[self._operation](name=names())(scaled)]

    @property
    def _parameters(self) -> Message:
        return self.message.message("eltwise_param")

    @property
    def _operation(self) -> str:
        return self._parameters.choice("operation", tuple(_OPERATIONS), "SUM")


@dataclass(frozen=True)
class Slice(Rule):
    """Cuts one axis at `slice_point`, or into equal parts."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        if len(bottoms) != 1:
            raise self.layer.error(f"one bottom is needed, found {len(bottoms)}")
        shape = bottoms[0]
        axis = self._axis(shape) - 1
        edges = [0, *self._points(shape), shape[axis]]
        if len(edges) != len(self.layer.tops) + 1 or any(a >= b for a, b in itertools.pairwise(edges)):
            raise self.layer.error(
                f"slice_point must give one part, not empty, for each of the {len(self.layer.tops)} tops "
                f"on an axis of length {shape[axis]}; the edges are {edges}"
            )
        parts = [(*shape[:axis], b - a, *shape[axis + 1 :]) for a, b in itertools.pairwise(edges)]
        return Shapes(parts, [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        shape = caffe_shape(bottoms[0])
        points, axis = self._points(shape), keras_axis(self._axis(shape), shape)
        return list(block(lambda x: ops.split(x, points, axis=axis), bottoms[0], names()))

    @property
    def _parameters(self) -> Message:
        return self.message.message("slice_param")

    def _axis(self, bottom: Shape) -> int:
        return self.axis(self._parameters, bottom, "slice_dim" if self._parameters.has("slice_dim") else "axis")

    def _points(self, bottom: Shape) -> list[int]:
        """Where the axis is cut; without `slice_point`, at equal distances if there are such."""
        points = self._parameters.integers("slice_point", least=1)
        length, parts = bottom[self._axis(bottom) - 1], len(self.layer.tops)
        if points or not parts or length % parts:
            return points
        return list(range(length // parts, length, length // parts))
