"""What Caffe's ImageNet tools do to an image, to the last bit: decode, resize, crop, subtract the mean.

The resize is OpenCV's bilinear one for 8-bit images (imgproc/resize.cpp): weights of 11 bits, products cut to
integers along each axis. `tf.image.resize`, rounded, differs from it in about a tenth of all values.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

SIDE = 256
"""Images are stored with this height and width, whatever their aspect ratio was."""

MEANS_BGR = (104.0, 117.0, 123.0)

_WEIGHT_ONE = 2048


def decode_rgb(encoded: tf.Tensor) -> tf.Tensor:
    """JPEG or PNG bytes -> uint8 (height, width, 3), the pixels that OpenCV reads.

    libjpeg's accurate inverse DCT, as in OpenCV: TensorFlow's default moves SqueezeNet's logits by up to 1.
    Raises tf.errors.InvalidArgumentError for bytes that are no image.
    """
    return tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")


def resized_crop(image: tf.Tensor, top: int, left: int, height: int, width: int) -> tf.Tensor:
    """A rectangle of the image resized to 256x256: uint8 (h, w, c) -> uint8 (height, width, c)."""
    rows, row_weights = _taps(tf.shape(image)[0], top, height)
    columns, column_weights = _taps(tf.shape(image)[1], left, width)
    corners = tf.cast(tf.gather(tf.gather(image, rows), columns, axis=2), tf.int32)
    before, after = (corners[:, :, side] * column_weights[side, :, tf.newaxis] for side in (0, 1))
    narrowed = tf.bitwise.right_shift(before + after, 4)
    upper, lower = tf.unstack(tf.bitwise.right_shift(narrowed * row_weights[:, :, tf.newaxis, tf.newaxis], 16))
    return tf.cast(tf.bitwise.right_shift(upper + lower + 2, 2), tf.uint8)


def preprocess(encoded: tf.Tensor, height: int, width: int, mean: np.ndarray) -> tf.Tensor:
    """Encoded image -> float32 (height, width, 3), channels blue, green, red: the centre crop minus the mean.

    mean: (3,) per channel, or (256, 256, 3), of which the same crop is subtracted; both in BGR. Raises
    tf.errors.InvalidArgumentError for bytes that are no image.
    """
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    crop = resized_crop(decode_rgb(encoded), top, left, height, width)[..., ::-1]
    if mean.ndim == 3:
        mean = mean[top : top + height, left : left + width]
    return tf.cast(crop, tf.float32) - tf.constant(mean, tf.float32)


def _taps(length: tf.Tensor, start: int, count: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Which two places on an axis of `length` each of `count` outputs mixes, and the weights: (2, count)."""
    scale = tf.cast(length, tf.float64) / SIDE
    place = tf.cast((tf.range(start, start + count, dtype=tf.float64) + 0.5) * scale - 0.5, tf.float32)
    first = tf.floor(place)
    share = place - first
    places = tf.clip_by_value(tf.cast(tf.stack([first, first + 1]), tf.int32), 0, length - 1)
    return places, tf.cast(tf.round(tf.stack([1 - share, share]) * _WEIGHT_ONE), tf.int32)
