"""Random changes to a batch of training images, as functions of the batch and a seed alone.

They work on raw uint8 pixels, before normalisation, so that what padding adds is black.
"""

from __future__ import annotations

import math

import tensorflow as tf

_PAD = 4


def none(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The images as they are."""
    return images


def crop_flip(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Flips left to right with probability 1/2, pads 4 black pixels, and cuts the old size at random.

    images: uint8 [B, H, W, C]. seed: int32 [2]. The usual change to CIFAR (He et al., 2016, section 4.2).
    """
    flip, top, left = _drawn(images, seed)
    return cut(images, flip, top, left)


def crop_rotate(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Cuts at random as `crop_flip` does, without flips, and rotates by up to 180 degrees.

    What the README of EDropout's code calls "CropOut and RandomRotation [0, 180]".
    """
    return _rotated(images, seed, flips=False)


def crop_flip_rotate(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """`crop_flip`, then a rotation by up to 180 degrees: what EDropout's code does to flowers."""
    return _rotated(images, seed, flips=True)


def _rotated(images: tf.Tensor, seed: tf.Tensor, flips: bool) -> tf.Tensor:
    cutting, turning = tf.unstack(tf.random.split(seed, 2))
    flip, top, left = _drawn(images, cutting)
    degrees = tf.random.stateless_uniform(tf.shape(images)[:1], turning, 0.0, 180.0)
    return rotate(cut(images, flip & flips, top, left), degrees)


def rotate(images: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Rotates about the centre, counter-clockwise, by `degrees` (float32 [B]); nearest pixels, black outside."""
    _, height, width, _ = tf.unstack(tf.shape(images))
    radians = (degrees * (math.pi / 180))[:, None, None]
    down, right = (tf.cast(side - 1, tf.float32) / 2 for side in (height, width))
    y = tf.cast(tf.range(height), tf.float32)[:, None] - down
    x = tf.cast(tf.range(width), tf.float32) - right
    cosine, sine = tf.cos(radians), tf.sin(radians)
    rows = tf.cast(tf.round(cosine * y + sine * x + down), tf.int32)
    columns = tf.cast(tf.round(cosine * x - sine * y + right), tf.int32)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    places = tf.stack([tf.clip_by_value(rows, 0, height - 1), tf.clip_by_value(columns, 0, width - 1)], axis=-1)
    turned = tf.gather_nd(images, places, batch_dims=1)
    return tf.ensure_shape(tf.where(inside[..., None], turned, tf.zeros_like(turned)), images.shape)


def _drawn(images: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Whether to flip, and where to cut, for each image."""
    offsets = 2 * _PAD + 1
    choice = tf.random.stateless_uniform(tf.shape(images)[:1], seed, 0, 2 * offsets**2, tf.int32)
    flip, top, left = tf.unstack(tf.unravel_index(choice, [2, offsets, offsets]))
    return flip == 1, top, left


def cut(images: tf.Tensor, flip: tf.Tensor, top: tf.Tensor, left: tf.Tensor) -> tf.Tensor:
    """Flips where `flip` (bool [B]), pads by 4 and cuts at rows `top` and columns `left` (int32 [B], 0..8).

    One gather of single pixels does it all, in half the time of a gather of rows and one of columns.
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    rows = top[:, None] + tf.range(height)
    columns = left[:, None] + tf.range(width)
    columns = tf.where(flip[:, None], width + 2 * _PAD - 1 - columns, columns)
    row_starts = (tf.range(batch)[:, None] * (height + 2 * _PAD) + rows) * (width + 2 * _PAD)
    pixels = tf.reshape(_pad(images), [-1, channels])
    return tf.ensure_shape(tf.gather(pixels, row_starts[:, :, None] + columns[:, None, :]), images.shape)


def _pad(images: tf.Tensor) -> tf.Tensor:
    """What `tf.pad` does, which on bytes takes more than twice as long as these copies."""
    batch, height, width, channels = tf.unstack(tf.shape(images))
    side = tf.zeros([batch, height, _PAD, channels], images.dtype)
    wide = tf.concat([side, images, side], axis=2)
    edge = tf.zeros([batch, _PAD, width + 2 * _PAD, channels], images.dtype)
    return tf.concat([edge, wide, edge], axis=1)
