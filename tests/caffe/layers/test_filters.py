"""What convolution_param says, and how groups divide a kernel."""

from __future__ import annotations

import numpy as np

from dsd_tf.caffe.layers.filters import Filters, bank_per_group
from dsd_tf.caffe.prototxt import parse_prototxt


def test_defaults_are_caffes():
    filters = Filters(parse_prototxt("num_output: 4 kernel_size: 3"))
    assert (filters.stride, filters.pad, filters.dilation) == ((1, 1), (0, 0), (1, 1))
    assert (filters.group, filters.bias) == (1, True)


def test_a_dilated_kernel_reaches_further():
    assert Filters(parse_prototxt("kernel_size: [3, 1] dilation: [2, 5]")).reach == (5, 1)


def test_groups_divide_the_outputs_in_order():
    kernel = np.arange(4 * 3 * 1 * 2).reshape(4, 3, 1, 2)
    (first, first_bias), (second, second_bias) = bank_per_group([kernel, np.arange(4)], 2)
    assert (first == kernel[:2].transpose(2, 3, 1, 0)).all()
    assert (second == kernel[2:].transpose(2, 3, 1, 0)).all()
    assert (first_bias.tolist(), second_bias.tolist()) == ([0, 1], [2, 3])
