"""Choices about an architecture: what is out of range is named with its value, and what would be accepted."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.models.options import INITIALIZERS, ModelOptions, check_options, check_task
from dsd_tf.registry import STEMS

RGB = (32, 32, 3)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_the_defaults_and_every_name_are_accepted(stem, initializer):
    check_options(ModelOptions())
    check_options(ModelOptions(width=0.001, depth=1, width_log2=0, stem=stem, initializer=initializer))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"width": 0.0}, "model width 0.0 must be a positive multiplier"),
        ({"width": -1.0}, "model width -1.0 must be"),
        ({"width": float("inf")}, "model width inf must be"),
        ({"width": float("nan")}, "model width nan must be"),
        ({"depth": 0}, "model depth 0 must be at least 1 block"),
        ({"width_log2": -1}, "model width_log2 -1 must be at least 0"),
        ({"stem": "cifr"}, "unknown stem 'cifr'; did you mean 'cifar'?"),
        ({"initializer": "sd"}, "unknown initializer 'sd'; did you mean 'sdd'?"),
    ],
)
def test_a_value_out_of_range_is_named(values, problem):
    with pytest.raises(UsageError) as error:
        check_options(ModelOptions(**values))
    assert str(error.value).startswith(problem)


def test_images_classes_and_constants_that_fit_are_accepted():
    check_task((1, 1, 1), 2, ModelOptions())
    check_task(RGB, 10, ModelOptions(mean=(0.5, 0.5, 0.5), std=(0.1, 0.2, 0.3)))


@pytest.mark.parametrize(
    ("shape", "classes", "values", "problem"),
    [
        ((32, 32), 10, {}, r"input shape \(32, 32\) must be \(height, width, channels\)"),
        ((32, 0, 3), 10, {}, r"input shape \(32, 0, 3\) must be"),
        (RGB, 1, {}, "a classifier needs at least 2 classes, got 1"),
        (RGB, 10, {"mean": (0.5,), "std": (0.5,)}, "one mean and one std for each of 3 channels, got 1 and 1"),
        (RGB, 10, {"mean": (0.5, 0.5, 0.5)}, "for each of 3 channels, got 3 and 0"),
        (RGB, 10, {"std": (0.5, 0.5, 0.5)}, "for each of 3 channels, got 0 and 3"),
        (RGB, 10, {"mean": (0.5,) * 3, "std": (0.5, 0.0, 0.5)}, "must be positive in every channel"),
    ],
)
def test_what_does_not_fit_together_is_named(shape, classes, values, problem):
    with pytest.raises(UsageError, match=problem):
        check_task(shape, classes, ModelOptions(**values))
