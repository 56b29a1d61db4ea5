"""From an encoded image to what a network takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsd_tf.data import caffe_preprocessing
from dsd_tf.data.feed import scaled
from dsd_tf.data.pixels import Square, decode
from dsd_tf.data.stream import Prepare
from dsd_tf.errors import UsageError


def pixels(shape: Sequence[int], shorter_side: int) -> Prepare:
    """Pixels in [0, 1] as this project trains on: scaled to the shorter side, cut to the centre square."""
    height, width, channels = shape
    if height != width:
        raise UsageError(f"the network takes images of {height}x{width}; --preprocessing=pixels cuts squares")
    square = Square(shorter_side, height)
    return lambda encoded: scaled(decode(encoded, (height, width, channels), square))


def caffe(shape: Sequence[int], mean: np.ndarray) -> Prepare:
    """Caffe's own: 256x256, centre crop, BGR, minus the mean: (3,) or (256, 256, 3), in BGR."""
    height, width, channels = shape
    side = caffe_preprocessing.SIDE
    if channels != 3 or max(height, width) > side:
        raise UsageError(
            f"--preprocessing=caffe gives {side}x{side}x3 or less, the network takes {height}x{width}x{channels}"
        )
    if mean.shape not in ((3,), (side, side, 3)):
        raise UsageError(f"--mean must have 3 values or be an image of {(side, side, 3)}, it has shape {mean.shape}")
    return lambda encoded: caffe_preprocessing.preprocess(encoded, height, width, mean)
