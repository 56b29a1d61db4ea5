"""Reshaping keeps Caffe's order of the numbers."""

from __future__ import annotations

import pytest

PARITY = {
    "flatten": """
        layer { name: "f" type: "Flatten" bottom: "data" top: "f" }
    """,
    "flatten and inner product": """
        layer { name: "f" type: "Flatten" bottom: "data" top: "f" }
        layer { name: "g" type: "InnerProduct" bottom: "f" top: "g" inner_product_param { num_output: 3
            } }
    """,
    "reshape": """
        layer { name: "r" type: "Reshape" bottom: "data" top: "r" reshape_param { shape { dim: 0 dim: 2
            dim: -1 dim: 5 } } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)
