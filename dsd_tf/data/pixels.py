"""Decoding, resizing and counting pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

_CHUNK = 1024  # images at a time, so that int64 copies stay small beside the set


@dataclass(frozen=True)
class Square:
    """Scale so that the shorter side has `shorter_side` pixels, then cut the centre `size` x `size`.

    The other side is rounded down and half a pixel of offset to the even number, as torchvision does.
    """

    shorter_side: int
    size: int

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """uint8 [..., H, W, C] -> uint8 [..., size, size, C]; bilinear, antialiased when shrinking."""
        sides = tf.shape(images)[-3:-1]
        scaled = sides * self.shorter_side // tf.reduce_min(sides)
        resized = tf.image.resize(images, scaled, antialias=True)
        top, left = tf.unstack(tf.cast(tf.round((scaled - self.size) / 2), tf.int32))
        cut = resized[..., top : top + self.size, left : left + self.size, :]
        return tf.saturate_cast(tf.round(cut), tf.uint8)


def decode(encoded: tf.Tensor, shape: tuple[int, int, int], square: Square | None) -> tf.Tensor:
    """PNG, JPEG, GIF or BMP bytes -> uint8 of `shape`; bytes that do not become that are an error of
    TensorFlow's, from whichever operation meets them.
    """
    image = tf.io.decode_image(encoded, channels=shape[-1], expand_animations=False)
    return tf.ensure_shape(image if square is None else square(image), shape)


def channel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel of uint8 [N, H, W, C] scaled to [0, 1].

    They come from exact counts of the 256 values. The deviation of a constant channel is given as 1, so that
    dividing by it is harmless.
    """
    counts = np.zeros((images.shape[-1], 256), np.int64)
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        for channel in range(images.shape[-1]):
            counts[channel] += np.bincount(chunk[..., channel].ravel(), minlength=256)
    values, share = np.arange(256) / 255, counts / counts.sum(axis=1, keepdims=True)
    mean = share @ values
    std = np.sqrt((share * (values - mean[:, None]) ** 2).sum(axis=1))
    return tuple(mean.tolist()), tuple(np.where(std == 0, 1.0, std).tolist())
