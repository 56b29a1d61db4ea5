"""What OpenCV's parameters do not reach: a shared PReLU slope, and softmax along other axes."""

from __future__ import annotations

import numpy as np

IMAGES = np.random.default_rng(0).normal(0, 1, (2, 3, 4, 5)).astype(np.float32)
INPUT = 'input: "data" input_dim: [1, 5, 3, 4] '


def test_one_slope_may_serve_all_channels(converted, writer):
    text = (
        INPUT
        + 'layer { name: "p" type: "PReLU" bottom: "data" top: "p" prelu_param { channel_shared: true } }'
    )
    model = converted(text, writer.net({"p": [np.float32([0.25]).reshape(())]}))
    assert model.count_params() == 1
    assert (model(IMAGES).numpy() == np.where(IMAGES > 0, IMAGES, IMAGES * np.float32(0.25))).all()


def test_softmax_may_run_along_the_columns(converted):
    text = INPUT + 'layer { name: "s" type: "Softmax" bottom: "data" top: "s" softmax_param { axis: -1 } }'
    np.testing.assert_allclose(converted(text)(IMAGES).numpy().sum(axis=2), 1, rtol=1e-5)


def test_lrn_within_a_channel_uses_a_constant_of_one(converted):
    text = (
        INPUT
        + 'layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { norm_region: 1 k: 9 local_size: 1 } }'
    )
    expected = IMAGES / (1 + IMAGES**2) ** 0.75
    np.testing.assert_allclose(converted(text)(IMAGES).numpy(), expected, rtol=1e-5, atol=1e-6)
