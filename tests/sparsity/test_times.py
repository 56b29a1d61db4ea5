"""160ep, 500it, 40%."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.times import Time


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("160ep", 62560),
        ("0.5ep", 196),
        ("500it", 500),
        ("0it", 0),
        ("40%", 25024),
        ("12.5%", 7820),
        ("100%", 62560),
        ("0", 0),
    ],
)
def test_a_time_is_a_step_once_the_length_of_training_is_known(text, step):
    assert Time.parse(text).steps(steps_per_epoch=391, total_steps=62560) == step


def test_decimal_fractions_are_exact():
    # 0.29 * 100 is 28.999999999999996 in floating point
    assert Time.parse("0.29ep").steps(100, 100) == 29
    assert Time.parse("29%").steps(1, 50) == 14  # 14.5 rounds to even


@pytest.mark.parametrize("text", ["160ep", "0.5ep", "500it", "40%", "12.50%"])
def test_a_time_prints_as_it_was_written(text):
    assert str(Time.parse(text)) == text
    assert Time.parse(str(Time.parse(text))) == Time.parse(text)


@pytest.mark.parametrize("text", ["500", "", "ep", "-1ep", "5 ep", "5epochs", "1e3it", "00", "40 %", "nan%"])
def test_anything_else_says_what_is_accepted(text):
    with pytest.raises(UsageError, match="160ep.*500it.*40%"):
        Time.parse(text)


def test_part_of_a_step_is_refused():
    with pytest.raises(UsageError, match="whole numbers"):
        Time.parse("0.5it")


def test_more_than_all_of_training_is_refused():
    with pytest.raises(UsageError, match="at most 100%"):
        Time.parse("101%")
