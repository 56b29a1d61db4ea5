"""Deconvolutions against OpenCV."""

from __future__ import annotations

import pytest

PARITY = {
    "deconvolution": """
        layer { name: "d" type: "Deconvolution" bottom: "data" top: "d" convolution_param { num_output:
            3 kernel_size: 4 stride: 2 pad: 1 } }
    """,
    "deconvolution in groups": """
        layer { name: "d" type: "Deconvolution" bottom: "data" top: "d" convolution_param { num_output:
            4 kernel_size: 3 stride: 2 group: 2 bias_term: false } }
    """,
    "deconvolution with a stride longer than its kernel": """
        layer { name: "d" type: "Deconvolution" bottom: "data" top: "d" convolution_param { num_output:
            3 kernel_size: 2 stride: 3 } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)
