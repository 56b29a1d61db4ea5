"""What Caffe's ImageNet tools do to an image, to the last bit: decode, resize to 256x256, crop, subtract the mean.

The resize is OpenCV's bilinear one for 8-bit images (imgproc/resize.cpp): weights of 11 bits, rounded between the two
axes as its integer arithmetic does. `tf.image.resize`, rounded, differs from it in about a tenth of all values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

SIDE = 256
"""Images are stored with this height and width, whatever their aspect ratio was."""

MEANS_BGR = (104.0, 117.0, 123.0)

_WEIGHT_ONE = 2048


class _Taps(NamedTuple):
    """The two neighbours that each output row (or column) mixes, and their integer weights."""

    first: tf.Tensor
    second: tf.Tensor
    first_weight: tf.Tensor
    second_weight: tf.Tensor


def decode_bgr(encoded: tf.Tensor) -> tf.Tensor:
    """JPEG or PNG bytes -> uint8 (height, width, 3), channels blue, green, red.

    The inverse DCT is libjpeg's accurate one, as in OpenCV; TensorFlow's default moves SqueezeNet's logits by up to 1.
    """
    return tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")[..., ::-1]


def resized_crop(image: tf.Tensor, top: int, left: int, height: int, width: int) -> tf.Tensor:
    """The given rectangle of the image resized to 256x256: uint8 (h, w, c) -> uint8 (height, width, c)."""
    rows = _taps(tf.shape(image)[0], top, height)
    columns = _taps(tf.shape(image)[1], left, width)
    upper, lower = (_mix_columns(tf.gather(image, row), columns) for row in (rows.first, rows.second))
    total = _weigh(upper, rows.first_weight) + _weigh(lower, rows.second_weight)
    return tf.cast(tf.bitwise.right_shift(total + 2, 2), tf.uint8)


def centre_offset(size: int) -> int:
    """Where a centre crop begins, as Caffe rounds it."""
    return (SIDE - size) // 2


def preprocess(encoded: tf.Tensor, height: int, width: int, mean: np.ndarray) -> tf.Tensor:
    """Encoded image -> float32 (height, width, 3) in BGR, the centre crop minus the mean.

    mean: (3,) per channel, or (256, 256, 3), of which the same crop is subtracted. Raises
    tf.errors.InvalidArgumentError for bytes that are no image.
    """
    top, left = centre_offset(height), centre_offset(width)
    crop = resized_crop(decode_bgr(encoded), top, left, height, width)
    if mean.ndim == 3:
        mean = mean[top : top + height, left : left + width]
    return tf.cast(crop, tf.float32) - tf.constant(mean, tf.float32)


def _taps(length: tf.Tensor, start: int, count: int) -> _Taps:
    """For output positions start ... start + count - 1 of 256, on an axis of `length`."""
    scale = tf.cast(length, tf.float64) / SIDE
    place = tf.cast((tf.range(start, start + count, dtype=tf.float64) + 0.5) * scale - 0.5, tf.float32)
    first = tf.floor(place)
    inside = (first >= 0) & (first < tf.cast(length - 1, tf.float32))
    fraction = tf.where(inside, place - first, 0.0)
    first = tf.clip_by_value(tf.cast(first, tf.int32), 0, length - 1)
    weights = [tf.cast(tf.round(share * _WEIGHT_ONE), tf.int32) for share in (1 - fraction, fraction)]
    return _Taps(first, tf.minimum(first + 1, length - 1), *weights)


def _mix_columns(rows: tf.Tensor, columns: _Taps) -> tf.Tensor:
    left, right = (tf.cast(tf.gather(rows, place, axis=1), tf.int32) for place in (columns.first, columns.second))
    return left * columns.first_weight[:, tf.newaxis] + right * columns.second_weight[:, tf.newaxis]


def _weigh(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    narrowed = tf.bitwise.right_shift(values, 4)
    return tf.bitwise.right_shift(narrowed * weights[:, tf.newaxis, tf.newaxis], 16)
