"""What a network sees of an image file."""

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data import caffe_preprocessing, preparation
from dsd_tf.data.pixels import Square
from dsd_tf.errors import UsageError

MEAN = np.array([1, 2, 3], np.float32)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def test_pixels_are_the_centre_square_in_0_to_1(image):
    found = preparation.pixels((4, 4, 3), 6)(tf.io.encode_png(image))
    assert np.array_equal(found, Square(6, 4)(image).numpy().astype(np.float32) / np.float32(255))


def test_caffe_is_the_centre_crop_of_256_blue_first_minus_the_mean(image):
    found = preparation.caffe((4, 6, 3), MEAN)(tf.io.encode_png(image)).numpy()
    crop = caffe_preprocessing.resized_crop(image, 126, 125, 4, 6).numpy()
    assert np.array_equal(found, crop[..., ::-1].astype(np.float32) - MEAN)


def test_pixels_refuse_a_network_whose_images_are_not_square():
    with pytest.raises(UsageError, match="takes images of 4x6; --preprocessing=pixels cuts squares"):
        preparation.pixels((4, 6, 3), 6)


@pytest.mark.parametrize("shape", [(257, 227, 3), (28, 28, 1)])
def test_caffe_refuses_a_network_that_wants_more_or_grey(shape):
    with pytest.raises(UsageError, match="gives 256x256x3 or less, the network takes "):
        preparation.caffe(shape, MEAN)


def test_caffe_refuses_a_mean_of_another_shape():
    with pytest.raises(UsageError, match=r"--mean must have 3 values .* it has shape \(2,\)"):
        preparation.caffe((4, 4, 3), MEAN[:2])
