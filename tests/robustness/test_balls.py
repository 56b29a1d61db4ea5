"""Balls: hand-made projections, steps and starts."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dsd_tf.robustness.balls import ball
from dsd_tf.robustness.threat import Threat

SEED = tf.constant([1, 2])


def row(*values: float) -> tf.Tensor:
    """One image of a single row."""
    return tf.reshape(tf.constant(values, tf.float32), (1, 1, -1, 1))


def values(images: tf.Tensor) -> list[float]:
    return images.numpy().ravel().tolist()


def test_linf_cuts_every_pixel_to_the_ball_and_to_the_range():
    projected = ball(Threat("linf", 0.25)).project(row(0.9, -0.5, 0.6, 0.5), row(0.5, 0.125, 1.0, 0.5))
    assert values(projected) == [0.75, 0.0, 0.75, 0.5]


def test_l2_cuts_to_the_range_first_and_then_draws_nearer():
    # cut to (1, 0): 0.5 away from the image, which is twice the radius
    projected = ball(Threat("l2", 0.25)).project(row(9.0, -3.0), row(0.7, 0.4))
    np.testing.assert_allclose(values(projected), [0.85, 0.2], rtol=1e-6)


def test_a_point_in_the_ball_stays_where_it_is():
    for norm in ("linf", "l2"):
        assert values(ball(Threat(norm, 0.5)).project(row(0.25, 0.75), row(0.5, 0.5))) == [0.25, 0.75]


def test_linf_steps_by_sign_and_l2_by_unit_vectors():
    assert values(ball(Threat("linf", 0.1)).direction(row(-0.3, 0.0, 4.0))) == [-1.0, 0.0, 1.0]
    np.testing.assert_allclose(values(ball(Threat("l2", 0.1)).direction(row(-3.0, 0.0, 4.0))), [-0.6, 0, 0.8])


def test_an_l2_gradient_near_zero_is_not_blown_up():
    assert values(ball(Threat("l2", 0.1)).direction(row(0.0, 0.0))) == [0.0, 0.0]
    np.testing.assert_allclose(values(ball(Threat("l2", 0.1)).direction(row(1e-8, 0.0))), [1e-2, 0.0], rtol=1e-6)


def test_l2_norms_are_per_image():
    two = tf.concat([row(3.0, 4.0), row(0.0, 2.0)], axis=0)
    np.testing.assert_allclose(values(ball(Threat("l2", 0.1)).direction(two)), [0.6, 0.8, 0.0, 1.0])


@settings(max_examples=25)
@given(
    norm=st.sampled_from(["linf", "l2"]),
    epsilon=st.floats(0.05, 1.0),
    images=st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12),
    seed=st.integers(0, 2**31 - 1),
)
def test_starts_are_in_the_ball_and_in_the_range(norm, epsilon, images, seed):
    images = tf.reshape(tf.constant(images, tf.float32), (2, 2, 3, 1))
    start = ball(Threat(norm, epsilon)).start(images, tf.constant([seed, 7])).numpy()
    moved = (start - images.numpy()).reshape(2, -1)
    distance = np.linalg.norm(moved, axis=1) if norm == "l2" else np.abs(moved).max(axis=1)
    assert (distance <= epsilon * (1 + 1e-5)).all()
    assert start.min() >= 0 and start.max() <= 1


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_start_is_drawn_by_its_seed(norm):
    images, around = tf.fill((2, 4, 4, 1), 0.5), ball(Threat(norm, 0.3))
    first, again, other = (around.start(images, seed).numpy() for seed in (SEED, SEED, tf.constant([1, 3])))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])
