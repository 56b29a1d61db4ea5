"""Caffe's pooling, normalisation and groups against loops that follow Caffe's source."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dsd_tf.models.caffe_ops import Window, average_pool, grouped, local_response_norm, max_pool

RANDOM = np.random.default_rng(0)


def run(function, x: np.ndarray) -> np.ndarray:
    inputs = keras.Input(x.shape[1:])
    return keras.Model(inputs, function(inputs))(x).numpy()


@pytest.mark.parametrize(
    ("window", "length", "count"),
    [
        (Window(3, 2), 111, 55),
        (Window(3, 2), 55, 27),
        (Window(3, 2), 27, 13),
        (Window(3, 2), 113, 56),
        (Window(3, 2), 56, 28),
        (Window(3, 2), 28, 14),
        (Window(3, 2), 54, 27),
        (Window(2, 2), 5, 3),
        (Window(2, 2, pad=1), 4, 3),
        (Window(2, 2, pad=1), 5, 3),
        (Window(3, 2, pad=1), 7, 4),
        (Window(3, 3, pad=2), 4, 2),
        (Window(7, 1), 7, 1),
        (Window(3, 2), 2, 1),
    ],
)
def test_the_number_of_windows_is_rounded_up_and_clipped(window, length, count):
    assert window.count(length) == count


@pytest.mark.parametrize(
    ("window", "length"), [(Window(3, 2), 0), (Window(5, 2), 2), (Window(2, 1, pad=2), 4), (Window(1, 2), 4)]
)
def test_windows_that_hold_nothing_of_the_axis_are_noticed(window, length):
    assert not window.reaches(length)


def test_the_number_of_windows_may_be_rounded_down():
    assert Window(3, 2).count(56, round_up=False) == 27


def looped_pool(x: np.ndarray, window: Window, largest: bool) -> np.ndarray:
    """Square windows, as Caffe's loops go."""
    size, stride, pad = window.size, window.stride, window.pad
    rows, columns = (window.count(length) for length in x.shape[1:3])
    y = np.empty((len(x), rows, columns, x.shape[3]), np.float32)
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride - pad, column * stride - pad
            bottom, right = min(top + size, x.shape[1] + pad), min(left + size, x.shape[2] + pad)
            part = x[:, max(top, 0) : bottom, max(left, 0) : right]
            area = (bottom - top) * (right - left)
            y[:, row, column] = part.max(axis=(1, 2)) if largest else part.sum(axis=(1, 2)) / area
    return y


@settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3)).filter(lambda w: w[2] < w[0]),
    st.tuples(st.integers(3, 11), st.integers(3, 11)),
)
def test_pools_are_caffes_for_every_window_and_size(window, sides):
    window = Window(*window)
    assume(all(window.reaches(side) for side in sides))
    x = RANDOM.normal(0, 1, (2, *sides, 3)).astype(np.float32)
    largest = run(lambda t: max_pool(t, (window, window), "p"), x)
    assert (largest == looped_pool(x, window, largest=True)).all()
    mean = run(lambda t: average_pool(t, (window, window), "p"), x)
    np.testing.assert_allclose(mean, looped_pool(x, window, largest=False), rtol=1e-5, atol=1e-6)


def test_max_pool_does_not_see_its_padding():
    x = np.full((1, 4, 4, 1), -5, np.float32)
    assert (run(lambda t: max_pool(t, (Window(3, 2, 1), Window(3, 2, 1)), "p"), x) == -5).all()


@pytest.mark.parametrize(
    ("size", "alpha", "beta", "k"), [(5, 1e-4, 0.75, 1.0), (3, 2.0, 0.75, 2.0), (5, 1.0, 0.5, 1.0)]
)
def test_lrn_is_the_published_formula(size, alpha, beta, k):
    x = RANDOM.normal(0, 3, (2, 2, 3, 7)).astype(np.float32)
    expected = np.empty_like(x)
    for channel in range(7):
        near = x[..., max(0, channel - size // 2) : channel + size // 2 + 1]
        expected[..., channel] = x[..., channel] / (k + alpha / size * (near**2).sum(axis=-1)) ** beta
    found = run(lambda t: local_response_norm(t, size, alpha, beta, k, "n"), x)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_groups_divide_the_channels_in_order():
    x = RANDOM.normal(0, 1, (2, 3, 3, 6)).astype(np.float32)
    found = run(lambda t: grouped(t, 3, lambda part, index: (index + 1) * part, "g"), x)
    assert (found == x * np.repeat(np.float32([1, 2, 3]), 2)).all()


@pytest.mark.parametrize(
    "function",
    [
        lambda t: max_pool(t, (Window(3, 2, 1), Window(2, 2)), "p"),
        lambda t: average_pool(t, (Window(3, 2, 1), Window(4, 3)), "p"),
        lambda t: local_response_norm(t, 3, 0.5, 0.75, 1.0, "n"),
        lambda t: local_response_norm(t, 3, 0.5, 0.6, 1.0, "n"),
        lambda t: grouped(t, 2, lambda part, _: keras.layers.Conv2D(2, 3)(part), "g"),
    ],
)
def test_a_saved_model_computes_the_same(function, tmp_path):
    inputs = keras.Input((8, 7, 4))
    model = keras.Model(inputs, function(inputs))
    model.save(tmp_path / "m.keras")
    x = RANDOM.normal(0, 1, (2, 8, 7, 4)).astype(np.float32)
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert (loaded(x).numpy() == model(x).numpy()).all()


def test_ops_do_not_clash_with_layers_that_have_their_names(tmp_path):
    inputs = keras.Input((8, 7, 4), name="square")
    x = inputs
    for name in ("pad", "get_item", "rsqrt", "split", "concatenate", "multiply", "add"):
        x = keras.layers.ReLU(name=name)(x)
        x = local_response_norm(grouped(x, 2, lambda part, _: part, f"{name}_g"), 3, 0.5, 0.75, 1.0, f"{name}_n")
    keras.Model(inputs, x).save(tmp_path / "m.keras")
    assert keras.saving.load_model(tmp_path / "m.keras").count_params() == 0
