"""The printed layer table."""

from __future__ import annotations

from dsd_tf.caffe.build import Row
from dsd_tf.caffe.network import Ignored
from dsd_tf.caffe.table import layer_table


def test_the_table_lists_layers_then_what_was_ignored_then_the_total():
    rows = [
        Row("conv", "Convolution", "Conv2D conv", ((5, 4, 3),), 1234),
        Row("s", "Slice", "Functional s", ((5, 4, 1), (5, 4, 2)), 0),
    ]
    assert layer_table(rows, [Ignored("loss", "SoftmaxWithLoss", "needs labels")], 1234).splitlines() == [
        "Caffe layer  type         Keras layer   output        parameters",
        "conv         Convolution  Conv2D conv   5x4x3         1,234",
        "s            Slice        Functional s  5x4x1, 5x4x2",
        "ignored: loss (SoftmaxWithLoss): needs labels",
        "total: 1,234 parameters",
    ]
