"""Padding, pooling and stride agree with PyTorch on arrays small enough to add up by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dsd_tf.models.blocks import Blocks, padded_max_pool
from dsd_tf.models.initializers import SDD
from dsd_tf.models.options import ModelOptions

IMAGE = np.arange(1, 17, dtype=np.float32).reshape(1, 4, 4, 1)


@pytest.fixture
def blocks():
    return Blocks(ModelOptions(), seed=0, default=SDD)


def summed(make, image=IMAGE) -> list:
    """The map that `make` computes when every kernel entry is one."""
    x = keras.Input(image.shape[1:])
    model = keras.Model(x, make(x))
    for weight in model.trainable_variables:
        weight.assign(np.ones(weight.shape))
    return np.asarray(model(image))[0, :, :, 0].tolist()


def test_a_strided_convolution_pads_one_pixel_on_every_side(blocks):
    assert summed(lambda x: blocks.conv(x, 1, 3, "conv", strides=2)) == [[14, 30], [57, 99]]


def test_a_strided_convolution_of_an_odd_image_keeps_both_borders(blocks):
    image = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    assert summed(lambda x: blocks.conv(x, 1, 3, "conv", strides=2), image) == [[12, 16], [24, 28]]


def test_a_convolution_of_stride_one_keeps_the_image_size(blocks):
    image = np.ones((1, 3, 3, 1), np.float32)
    assert summed(lambda x: blocks.conv(x, 1, 3, "conv"), image) == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_an_unpadded_convolution_shrinks_the_image(blocks):
    assert summed(lambda x: blocks.conv(x, 1, 3, "conv", pad=False)) == [[54, 63], [90, 99]]


def test_a_projection_reads_every_other_pixel_from_the_first(blocks):
    assert summed(lambda x: blocks.conv(x, 1, 1, "project", strides=2)) == [[1, 3], [9, 11]]


def test_the_stem_pool_pads_one_pixel_on_every_side():
    assert summed(lambda x: padded_max_pool(x, "pool")) == [[6, 8], [14, 16]]


def test_batch_norm_moves_a_tenth_of_the_way_to_each_new_batch(blocks):
    x = keras.Input((1, 1, 1))
    model = keras.Model(x, blocks.batch_norm(x, "bn"))
    model(np.array([8.0, 12.0], np.float32).reshape(2, 1, 1, 1), training=True)
    np.testing.assert_allclose(np.asarray(model.get_layer("bn").moving_mean), [1.0], rtol=1e-6)


@pytest.mark.parametrize("synchronized", [False, True])
def test_batch_norm_is_synchronised_on_request(synchronized):
    x = keras.Input((1, 1, 1))
    model = keras.Model(x, Blocks(ModelOptions(synchronized=synchronized), 0, SDD).batch_norm(x, "bn"))
    assert model.get_layer("bn").synchronized is synchronized


@pytest.mark.parametrize(("channels", "pools"), [(15, 1), (16, 0)])
def test_1x1_convolutions_that_stride_pick_their_places_first_where_tensorflow_would_crash(channels, pools):
    x = keras.Input((5, 7, channels))
    model = keras.Model(x, Blocks(ModelOptions(), 0, SDD).conv(x, 4, 1, "project", strides=2))
    assert sum(isinstance(layer, layers.MaxPooling2D) for layer in model.layers) == pools
    images = np.random.default_rng(0).normal(size=(3, 5, 7, channels)).astype(np.float32)
    kernel = model.get_layer("project").kernel.value
    expected = tf.nn.conv2d(images, kernel, 2, "VALID")
    np.testing.assert_allclose(model(images), expected, rtol=1e-5, atol=1e-6)
