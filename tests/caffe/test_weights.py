"""Weights find their layer by name, and must fit it."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.caffe.blob import Blob
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.weights import match

TEXT = """input: "data" input_dim: [1, 4, 5, 7]
layer { name: "c1" type: "Convolution" bottom: "data" top: "c1"
        convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "r" type: "ReLU" bottom: "c1" top: "c1" }
layer { name: "c2" type: "Convolution" bottom: "c1" top: "c2"
        convolution_param { num_output: 1 kernel_size: 1 bias_term: false } }
"""


def blob(*shape: int) -> Blob:
    return Blob(shape, np.arange(np.prod(shape), dtype=np.float32))


FITTING = {"c1": [blob(2, 4, 3, 3), blob(2)], "c2": [blob(1, 2, 1, 1)]}


def test_arrays_have_the_shapes_that_the_layers_need(plan_text):
    _, steps = plan_text(TEXT)
    legacy = FITTING | {"c1": [FITTING["c1"][0], blob(1, 1, 1, 2)]}
    for stored in (FITTING, legacy):
        arrays = match(steps, stored).arrays
        assert [array.shape for array in arrays["c1"]] == [(2, 4, 3, 3), (2,)]
        assert [array.shape for array in arrays["c2"]] == [(1, 2, 1, 1)]


def test_weights_of_other_layers_are_listed(plan_text):
    _, steps = plan_text(TEXT)
    assert match(steps, FITTING | {"aux": [blob(1)]}).unused == ["aux"]


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({}, "no weights for 'c1', 'c2'"),
        ({"c1": FITTING["c1"], "d": [blob(1)]}, "no weights for 'c2'; it has weights for 'c1', 'd'"),
        (
            FITTING | {"c1": [blob(2, 4, 3, 3)]},
            r"layer 'c1' \(Convolution\): expected 2 weight blobs, found 1",
        ),
        (
            FITTING | {"c2": [blob(2, 1, 1, 1)]},
            r"layer 'c2' \(Convolution\), blob 0: expected shape 1x2x1x1, found 2x1x1x1",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(plan_text, stored, problem):
    _, steps = plan_text(TEXT)
    with pytest.raises(CaffeError, match=problem):
        match(steps, stored)
