"""Initial weights: the distribution each name stands for, from the seed alone."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from dsd_tf.models import initializers
from dsd_tf.models.initializers import SDD, Scheme

CONV = (3, 3, 16, 64)
FAN_IN, FAN_OUT = 3 * 3 * 16, 3 * 3 * 64


def draw(initializer: keras.initializers.Initializer, shape: tuple[int, ...] = CONV) -> np.ndarray:
    return np.asarray(initializer(shape))


@pytest.mark.parametrize(
    ("make", "deviation"),
    [
        (initializers.fan_in_normal, math.sqrt(2 / FAN_IN)),
        (initializers.fan_out_normal, math.sqrt(2 / FAN_OUT)),
        (initializers.narrow_normal, 0.01),
    ],
)
def test_normal_kernels_have_mean_0_the_deviation_and_the_tails_of_their_paper(make, deviation):
    kernel = draw(make(0))
    assert kernel.mean() == pytest.approx(0, abs=4 * deviation / math.sqrt(kernel.size))
    assert kernel.std() == pytest.approx(deviation, rel=0.03)
    # 4.6 % of a normal distribution lies beyond two deviations, nothing of a truncated one
    assert np.mean(abs(kernel) > 2 * deviation) == pytest.approx(0.0455, abs=0.01)


def test_pytorchs_kernels_are_uniform_within_the_root_of_one_over_fan_in():
    kernel, limit = draw(initializers.torch_uniform(0)), FAN_IN**-0.5
    assert abs(kernel).max() <= limit
    assert abs(kernel).max() > 0.99 * limit
    assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.03)


def test_pytorchs_biases_have_the_limit_of_their_kernels_fan_in():
    bias = draw(initializers.torch_bias(25, 0), (10_000,))
    assert 0.199 < abs(bias).max() <= 0.2
    assert bias.std() == pytest.approx(0.2 / math.sqrt(3), rel=0.03)


def test_zero_biases_are_zero():
    assert not draw(initializers.zero_bias(25, 0), (10,)).any()


@pytest.mark.parametrize(
    "make",
    [
        initializers.fan_in_normal,
        initializers.fan_out_normal,
        initializers.torch_uniform,
        initializers.narrow_normal,
        lambda seed: initializers.torch_bias(25, seed),
        SDD.gamma,
    ],
)
def test_a_seed_fixes_the_numbers_and_another_gives_others(make):
    assert np.array_equal(draw(make(3)), draw(make(3)))
    assert not np.any(draw(make(3)) == draw(make(4)))


def test_batch_norm_scales_are_ones_or_uniform_as_the_scheme_says():
    ones = Scheme(conv=initializers.fan_in_normal, dense=initializers.fan_in_normal)
    assert (draw(ones.gamma(0), (100,)) == 1).all()
    scales = draw(SDD.gamma(0), (10_000,))
    assert 0 <= scales.min() < 0.01 < 0.99 < scales.max() <= 1
