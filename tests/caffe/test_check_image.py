"""Classifying one image with a converted network."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.caffe.check_image import best_classes
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.data.caffe_preprocessing import SIDE

MEAN = np.zeros(3, np.float32)


@pytest.fixture
def picture(tmp_path):
    """All blue, in a PNG."""
    path = tmp_path / "blue.png"
    path.write_bytes(tf.io.encode_png(np.full((9, 7, 3), (0, 10, 200), np.uint8)).numpy())
    return path


def pooled(side: int = 20, channels: int = 3) -> keras.Model:
    """Scores are the mean blue, green and red."""
    inputs = keras.Input((side, side, channels))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))


def test_classes_come_best_first_with_blue_as_channel_0(picture):
    assert best_classes(pooled(), picture, MEAN, count=2) == [(0, 200.0), (1, 10.0)]


def test_the_mean_is_subtracted(picture):
    assert best_classes(pooled(), picture, np.float32([200, 0, 0])) == [(1, 10.0), (0, 0.0), (2, 0.0)]


@pytest.mark.parametrize(
    ("model", "mean", "problem"),
    [
        (pooled(), np.zeros((9, 9, 3)), r"the mean image has shape \(9, 9, 3\), expected \(256, 256, 3\)"),
        (pooled(SIDE + 1), MEAN, "one input of at most 256x256x3"),
        (pooled(channels=1), MEAN, "one input of at most 256x256x3"),
        (keras.Sequential([keras.Input((9, 9, 3)), keras.layers.ReLU()]), MEAN, "one vector of class scores"),
    ],
)
def test_networks_that_do_not_classify_images_are_refused(picture, model, mean, problem):
    with pytest.raises(CaffeError, match=problem):
        best_classes(model, picture, mean)


def test_a_damaged_or_missing_image_is_named(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 no more")
    with pytest.raises(CaffeError, match="bad.jpg cannot be decoded as JPEG or PNG"):
        best_classes(pooled(), tmp_path / "bad.jpg", MEAN)
    with pytest.raises(CaffeError, match="cannot read image .*absent.jpg"):
        best_classes(pooled(), tmp_path / "absent.jpg", MEAN)
