"""What OpenCV's parameters do not reach: a shared PReLU slope, and softmax along other axes."""

from __future__ import annotations

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).normal(0, 1, (2, 3, 4, 5)).astype(np.float32)
INPUT = 'input: "data" input_dim: [1, 5, 3, 4] '
PARITY = {
    "relu": """
        layer { name: "r" type: "ReLU" bottom: "data" top: "data" }
    """,
    "leaky relu": """
        layer { name: "r" type: "ReLU" bottom: "data" top: "r" relu_param { negative_slope: 0.1 } }
    """,
    "prelu": """
        layer { name: "r" type: "PReLU" bottom: "data" top: "r" }
    """,
    "elu": """
        layer { name: "r" type: "ELU" bottom: "data" top: "r" elu_param { alpha: 0.7 } }
    """,
    "sigmoid": """
        layer { name: "s" type: "Sigmoid" bottom: "data" top: "s" }
    """,
    "tanh": """
        layer { name: "t" type: "TanH" bottom: "data" top: "t" }
    """,
    "power": """
        layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { power: 2 scale: 0.5 shift:
            3 } }
    """,
    "softmax": """
        layer { name: "s" type: "Softmax" bottom: "data" top: "s" }
    """,
    "dropout": """
        layer { name: "d" type: "Dropout" bottom: "data" top: "data" dropout_param { dropout_ratio: 0.4
            } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)


def test_one_slope_may_serve_all_channels(converted, writer):
    text = INPUT + 'layer { name: "p" type: "PReLU" bottom: "data" top: "p" prelu_param { channel_shared: true } }'
    model = converted(text, writer.net({"p": [np.float32([0.25]).reshape(())]}))
    assert model.count_params() == 1
    assert (model(IMAGES).numpy() == np.where(IMAGES > 0, IMAGES, IMAGES * np.float32(0.25))).all()


def test_softmax_may_run_along_the_columns(converted):
    text = INPUT + 'layer { name: "s" type: "Softmax" bottom: "data" top: "s" softmax_param { axis: -1 } }'
    np.testing.assert_allclose(converted(text)(IMAGES).numpy().sum(axis=2), 1, rtol=1e-5)


def test_lrn_within_a_channel_uses_a_constant_of_one(converted):
    text = (
        INPUT
        + 'layer { name: "n" type: "LRN" bottom: "data" top: "n" '
        + "lrn_param { norm_region: 1 k: 9 local_size: 1 } }"
    )
    expected = IMAGES / (1 + IMAGES**2) ** 0.75
    np.testing.assert_allclose(converted(text)(IMAGES).numpy(), expected, rtol=1e-5, atol=1e-6)
