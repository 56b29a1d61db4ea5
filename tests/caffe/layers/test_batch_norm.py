"""BatchNorm's scaled blobs, Scale and Bias."""

from __future__ import annotations

import numpy as np
import pytest

INPUT = 'input: "data" input_dim: [1, 2, 3, 3] '
NORM = 'layer { name: "n" type: "BatchNorm" bottom: "data" top: "n" } '
IMAGES = np.random.default_rng(0).normal(0, 1, (4, 3, 3, 2)).astype(np.float32)
MEAN, VARIANCE = np.float32([6, -3]), np.float32([12, 3])
PARITY = {
    "batch norm": """
        layer { name: "b" type: "BatchNorm" bottom: "data" top: "b" }
    """,
    "batch norm and scale": """
        layer { name: "b" type: "BatchNorm" bottom: "data" top: "b" batch_norm_param { eps: 0.01 } }
        layer { name: "s" type: "Scale" bottom: "b" top: "b" scale_param { bias_term: true } }
    """,
    "scale alone": """
        layer { name: "s" type: "Scale" bottom: "data" top: "s" scale_param { bias_term: true } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)


@pytest.mark.parametrize(
    ("factor", "mean", "variance"), [(3, [2, -1], [4, 1]), (1, [6, -3], [12, 3]), (0, [0, 0], [0, 0])]
)
def test_mean_and_variance_are_divided_by_the_factor(converted, writer, factor, mean, variance):
    model = converted(INPUT + NORM, writer.net({"n": [MEAN, VARIANCE, np.float32([factor])]}))
    expected = (IMAGES - np.float32(mean)) / np.sqrt(np.float32(variance) + np.float32(1e-5))
    np.testing.assert_allclose(model(IMAGES).numpy(), expected, rtol=1e-5, atol=1e-5)


def test_a_norm_that_others_read_too_is_kept_apart_from_its_scale(converted, writer):
    scale = 'layer { name: "s" type: "Scale" bottom: "n" top: "s" scale_param { bias_term: true } } '
    total = 'layer { name: "e" type: "Eltwise" bottom: "n" bottom: "s" top: "e" }'
    arrays = {"n": [MEAN, VARIANCE, np.float32([1])], "s": [np.float32([2, 5]), np.float32([-1, 1])]}
    merged = converted(INPUT + NORM + scale, writer.net(arrays))
    kept = converted(INPUT + NORM + scale + total, writer.net(arrays))
    assert [type(layer).__name__ for layer in merged.layers[1:]] == ["BatchNormalization"]
    assert merged.count_params() == 8
    normal = (IMAGES - MEAN) / np.sqrt(VARIANCE + np.float32(1e-5))
    np.testing.assert_allclose(merged(IMAGES).numpy(), normal * [2, 5] + [-1, 1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(kept(IMAGES).numpy(), normal * [3, 6] + [-1, 1], rtol=1e-5, atol=1e-5)


def test_bias_adds_one_number_to_every_channel(converted, writer):
    text = INPUT + 'layer { name: "b" type: "Bias" bottom: "data" top: "b" }'
    model = converted(text, writer.net({"b": [np.float32([5, -1])]}))
    assert (model(IMAGES).numpy() == IMAGES + np.float32([5, -1])).all()


def test_a_vector_can_be_scaled(converted, writer):
    text = 'input: "data" input_shape { dim: [1, 3] } layer { name: "s" type: "Scale" bottom: "data" top: "s" }'
    model = converted(text, writer.net({"s": [np.float32([1, 10, 100])]}))
    assert model(np.float32([[1, 2, 3]])).numpy().tolist() == [[1, 20, 300]]
