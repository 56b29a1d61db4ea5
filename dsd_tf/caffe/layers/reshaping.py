"""Layers that give the same numbers another shape; Caffe's order of the numbers (channels first) decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import KerasTensor, layers

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers.rule import Rule, Shapes
from dsd_tf.caffe.names import Names


@dataclass(frozen=True)
class Flatten(Rule):
    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        parameters = self.message.message("flatten_param")
        shape = self.single(bottoms)
        last = parameters.integer("end_axis", -1, least=-4)
        if self.axis(parameters, shape) != 1 or last not in (-1, len(shape)):
            raise self.layer.error("only flattening of everything but the batch (axis 1 to -1) is supported")
        return Shapes([(math.prod(shape),)], [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        return [layers.Flatten(name=names())(_channels_first(bottoms[0], names))]


@dataclass(frozen=True)
class Reshape(Rule):
    """dim 0 keeps the bottom's length, one dim of -1 takes what is left; the batch axis must stay."""

    def shapes(self, bottoms: Sequence[Shape]) -> Shapes:
        return Shapes([self._target(self.single(bottoms))], [])

    def build(self, bottoms: list[KerasTensor], blobs: list[np.ndarray], names: Names) -> list[KerasTensor]:
        x = _channels_first(bottoms[0], names)
        target = self._target(tuple(x.shape[1:]))
        y = layers.Reshape(target, name=names())(x)
        return [layers.Permute((2, 3, 1), name=names("channels_last"))(y) if len(target) == 3 else y]

    def _target(self, bottom: Shape) -> Shape:
        parameters = self.message.message("reshape_param")
        batch, *dims = parameters.message("shape").integers("dim", least=-1) or [None]
        if batch != 0 or parameters.has("axis") or parameters.has("num_axes"):
            raise self.layer.error("only shapes that begin with `dim: 0` (the batch), without axis, are supported")
        if any(dim == 0 and index >= len(bottom) for index, dim in enumerate(dims)) or dims.count(-1) > 1:
            raise self.layer.error(f"shape {dims} does not say how to divide {bottom}")
        lengths = [dim or bottom[index] for index, dim in enumerate(dims)]
        known = math.prod(length for length in lengths if length > 0)
        lengths = [math.prod(bottom) // known if length < 0 else length for length in lengths]
        if not lengths or math.prod(lengths) != math.prod(bottom):
            raise self.layer.error(f"shape {dims} does not fit the {math.prod(bottom)} numbers of {bottom}")
        return tuple(lengths)


def _channels_first(x: KerasTensor, names: Names) -> KerasTensor:
    """The tensor with its numbers in Caffe's order."""
    return layers.Permute((3, 1, 2), name=names("channels_first"))(x) if len(x.shape) == 4 else x
