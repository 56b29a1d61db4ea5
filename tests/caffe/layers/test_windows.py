"""The ways in which rows and columns of a window are given."""

from __future__ import annotations

import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.layers.windows import pair
from dsd_tf.caffe.prototxt import parse_prototxt


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (7, 7)),
        ("kernel_size: 3", (3, 3)),
        ("kernel_size: 3 kernel_size: 5", (3, 5)),
        ("kernel_size: [3, 5]", (3, 5)),
        ("kernel_h: 3 kernel_w: 5", (3, 5)),
    ],
)
def test_one_value_two_values_or_two_fields(text, expected):
    assert pair(parse_prototxt(text), "kernel_size", 7, least=1) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "kernel_size needs one value, or two for rows and columns; found 0"),
        ("kernel_size: [1, 2, 3]", "found 3"),
        ("kernel_h: 3", "give kernel_size, or both kernel_h and kernel_w"),
        ("kernel_size: 1 kernel_h: 3 kernel_w: 5", "give kernel_size, or both"),
        ("kernel_h: 3 kernel_w: 0", "kernel_w must be from 1"),
    ],
)
def test_other_combinations_are_refused(text, problem):
    with pytest.raises(CaffeError, match=problem):
        pair(parse_prototxt(text), "kernel_size", None, least=1)
