"""Caffe's pooling, local response normalisation and groups, made of what plain Keras can load.

Source of the arithmetic: BVLC Caffe, src/caffe/layers/{pooling,lrn}_layer.cpp.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops

_LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True)
class Window:
    """A pooling window along one axis: its length, its stride, and the padding before and after the axis."""

    size: int
    stride: int = 1
    pad: int = 0

    def count(self, length: int, round_up: bool = True) -> int:
        """How many windows Caffe places: the last may hang over, but must not begin in the padding."""
        steps = (length + 2 * self.pad - self.size) / self.stride
        count = (math.ceil(steps) if round_up else math.floor(steps)) + 1
        return count - 1 if self.pad and (count - 1) * self.stride >= length + self.pad else count

    def reaches(self, length: int, round_up: bool = True) -> bool:
        """Whether there is a window on the axis, and each holds part of the axis and not only padding."""
        count = self.count(length, round_up)
        return count > 0 and self.pad < self.size > self.overhang(length, count)

    def overhang(self, length: int, count: int) -> int:
        """How far the last of `count` windows reaches past the padded axis; negative if it ends before."""
        return (count - 1) * self.stride + self.size - length - 2 * self.pad


Windows = tuple[Window, Window]
"""Of the rows and of the columns."""


def max_pool(x: KerasTensor, windows: Windows, name: str, round_up: bool = True) -> KerasTensor:
    """Maxima over windows clipped to the map: (batch, h, w, c) -> (batch, count(h), count(w), c)."""
    hangs = _overhangs(x, windows, round_up)
    sides = [(window.pad, max(0, window.pad + hang)) for window, hang in zip(windows, hangs, strict=True)]
    size, stride = _sizes(windows)
    if sides == [(0, 0), (0, 0)]:
        return layers.MaxPooling2D(size, stride, name=name)(x)
    if all(map(_is_same_padding, windows, x.shape[1:3], sides)):
        return layers.MaxPooling2D(size, stride, padding="same", name=name)(x)

    def pool(x: KerasTensor) -> KerasTensor:
        padded = ops.pad(x, [(0, 0), *sides, (0, 0)], constant_values=_LOWEST)
        return layers.MaxPooling2D(size, stride)(padded)

    return block(pool, x, name)


def average_pool(x: KerasTensor, windows: Windows, name: str, round_up: bool = True) -> KerasTensor:
    """Means over windows clipped to the padded map: padding counts as zeros, overhang does not count."""
    hangs = [max(0, hang) for hang in _overhangs(x, windows, round_up)]
    pads = [(0, 0), *((window.pad, window.pad) for window in windows), (0, 0)]
    beyond = [(0, 0), *((0, hang) for hang in hangs), (0, 0)]
    size, stride = _sizes(windows)
    if not any(hangs) and not any(window.pad for window in windows):
        return layers.AveragePooling2D(size, stride, name=name)(x)

    def pool(x: KerasTensor) -> KerasTensor:
        mean = layers.AveragePooling2D(size, stride)
        means = mean(ops.pad(ops.pad(x, pads), beyond))
        if not any(hangs):
            return means
        counted = ops.pad(ops.ones_like(x[:1, :, :, :1]), pads, constant_values=1.0)
        return means / mean(ops.pad(counted, beyond))

    return block(pool, x, name)


def local_response_norm(x: KerasTensor, size: int, alpha: float, beta: float, k: float, name: str) -> KerasTensor:
    """x / (k + alpha / size * sum of x**2 over `size` channels)**beta (Krizhevsky et al., NIPS 2012)."""
    channels = x.shape[-1]

    def normalize(x: KerasTensor) -> KerasTensor:
        squares = ops.pad(ops.square(x), [(0, 0)] * 3 + [(size // 2, size // 2)])
        total = squares[..., :channels]
        for shift in range(1, size):
            total = total + squares[..., shift : shift + channels]
        return scaled_down(x, k + alpha / size * total, beta)

    return block(normalize, x, name)


def scaled_down(x: KerasTensor, base: KerasTensor, beta: float) -> KerasTensor:
    """x / base**beta for a positive base."""
    if beta == 0.75:
        # Two roots take a fifth of a power's time on a CPU, and every published network has this exponent.
        root = ops.rsqrt(base)
        return x * root * ops.sqrt(root)
    return x * ops.power(base, -beta)


def grouped(x: KerasTensor, groups: int, convolve: Callable[[KerasTensor, int], KerasTensor], name: str) -> KerasTensor:
    """`convolve(part, index)` on each of `groups` equal parts of the channels, the results side by side.

    One layer per group is 1.3 to 1.7 times as fast on a CPU as Conv2D's own `groups`, and its gradient 9 to
    170 times.
    """

    def convolve_parts(x: KerasTensor) -> KerasTensor:
        parts = ops.split(x, groups, axis=-1)
        return ops.concatenate([convolve(part, index) for index, part in enumerate(parts)], axis=-1)

    return block(convolve_parts, x, name)


def block(compute: Callable[[KerasTensor], Any], x: KerasTensor, name: str) -> Any:
    """`compute(x)` as one layer of the given name: a functional model in the model.

    Keras numbers ops as it makes them ("power", "power_1"), and refuses a model in which a layer has such a
    name; in a model of their own they are out of the way.
    """
    inside = keras.Input(batch_shape=x.shape, dtype=x.dtype)
    return keras.Model(inside, compute(inside), name=name)(x)


def _overhangs(x: KerasTensor, windows: Windows, round_up: bool) -> list[int]:
    lengths = x.shape[1:3]
    return [w.overhang(length, w.count(length, round_up)) for w, length in zip(windows, lengths, strict=True)]


def _is_same_padding(window: Window, length: int, sides: tuple[int, int]) -> bool:
    """Whether TensorFlow's padding="same" puts exactly `sides` before and after an axis."""
    total = max(0, (math.ceil(length / window.stride) - 1) * window.stride + window.size - length)
    return sides == (total // 2, total - total // 2)


def _sizes(windows: Windows) -> tuple[tuple[int, int], tuple[int, int]]:
    rows, columns = windows
    return (rows.size, columns.size), (rows.stride, columns.stride)
