"""The four scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.scores import SCORES, needs_gradient

WEIGHT = np.array([[1, -2, 0, 4], [-0.5, 3, -1, 0]], np.float32)
GRADIENT = np.array([[-3, 1, 5, 0], [2, -1, 0.5, -7]], np.float32)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("magnitude", [[1, 2, 0, 4], [0.5, 3, 1, 0]]),
        ("gradient", [[3, 1, 5, 0], [2, 1, 0.5, 7]]),
        ("weight_gradient", [[3, 2, 0, 0], [1, 3, 0.5, 0]]),
    ],
)
def test_a_score_is_the_absolute_value_it_is_named_after(name, expected):
    score = SCORES[name](WEIGHT, GRADIENT, None)
    assert score.dtype == np.float32
    assert score.tolist() == expected


def test_the_random_score_depends_on_the_generator_alone():
    first, again = (SCORES["random"](weight, None, np.random.default_rng(3)) for weight in (WEIGHT, GRADIENT))
    other = SCORES["random"](WEIGHT, None, np.random.default_rng(4))
    assert first.dtype == np.float32
    assert first.shape == WEIGHT.shape
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert ((first >= 0) & (first < 1)).all()


def test_scores_of_lower_precision_weights_are_float32():
    assert SCORES["magnitude"](WEIGHT.astype(np.float16), None, None).dtype == np.float32


def test_only_scores_made_of_gradients_need_them():
    assert [name for name in SCORES if needs_gradient(name)] == ["gradient", "weight_gradient"]


def test_an_unknown_score_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'magnitude'"):
        needs_gradient("magnitudes")
