"""LeNets have the published sizes and take what images they can."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError

MNIST = (28, 28, 1)


def test_lenet300_has_the_published_size(build, size_of):
    assert size_of(build("lenet300", MNIST)) == (266_610, 266_200, 266_200)


def test_lenet5_has_the_size_of_caffe(build, size_of):
    parameters, prunable, macs = size_of(build("lenet5", MNIST))
    assert (parameters, prunable) == (431_080, 430_500)
    assert macs == 24 * 24 * 500 + 8 * 8 * 25_000 + 400_000 + 5_000


def test_lenet300_reads_digits_of_eight_pixels(build):
    logits = build("lenet300", (8, 8, 1))(np.zeros((2, 8, 8, 1), np.float32))
    assert logits.shape == (2, 10)


def test_the_width_multiplier_scales_every_hidden_layer_and_not_the_logits(build, kernel_layers):
    units = [layer.kernel.shape[-1] for layer in kernel_layers(build("lenet5", MNIST, width=0.5))]
    assert units == [10, 25, 250, 10]


def test_a_width_never_falls_below_one(build, kernel_layers):
    units = [layer.kernel.shape[-1] for layer in kernel_layers(build("lenet300", MNIST, width=1e-6))]
    assert units == [1, 1, 10]


def test_lenet5_takes_images_of_sixteen_pixels_and_refuses_fifteen(build):
    assert build("lenet5", (16, 16, 1)).get_layer("pool2").output.shape == (None, 1, 1, 50)
    with pytest.raises(UsageError, match="lenet5 needs images of at least 16x16 pixels, got 16x15"):
        build("lenet5", (16, 15, 1))
