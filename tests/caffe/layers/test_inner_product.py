"""Inner products read maps channel by channel."""

from __future__ import annotations

import numpy as np
import pytest

TEXT = """input: "data" input_dim: [1, 2, 3, 4]
layer { name: "f" type: "InnerProduct" bottom: "data" top: "f" %s }"""
PARITY = {
    "inner product of a map": """
        layer { name: "f" type: "InnerProduct" bottom: "data" top: "f" inner_product_param { num_output:
            6 } }
    """,
    "inner product of a vector": """
        layer { name: "f" type: "InnerProduct" bottom: "data" top: "f" inner_product_param { num_output:
            6 } }
        layer { name: "g" type: "InnerProduct" bottom: "f" top: "g" inner_product_param { num_output: 3
            bias_term: false } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)


@pytest.mark.parametrize("transposed", [False, True])
def test_the_kernel_is_permuted_to_the_order_of_keras(converted, writer, transposed):
    images = np.random.default_rng(0).normal(0, 1, (5, 2, 3, 4)).astype(np.float32)
    kernel = np.random.default_rng(1).normal(0, 1, (7, 24)).astype(np.float32)
    text = TEXT % f"inner_product_param {{ num_output: 7 bias_term: false transpose: {str(transposed).lower()} }}"
    model = converted(text, writer.net({"f": [kernel.T if transposed else kernel]}))
    found = model(images.transpose(0, 2, 3, 1)).numpy()
    np.testing.assert_allclose(found, images.reshape(5, 24) @ kernel.T, rtol=1e-5, atol=1e-5)
