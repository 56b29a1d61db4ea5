"""What an attacker may do: usual radii of each norm, and the ones that make no sense."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.robustness.threat import Threat, parse_number


def test_each_norm_has_its_usual_radius_and_step():
    assert (Threat.parse("linf", "").epsilon, Threat.parse("linf", "").step) == (8 / 255, 2 / 255)
    assert (Threat.parse("l2", "").epsilon, Threat.parse("l2", "").step) == (128 / 255, 15 / 255)


@pytest.mark.parametrize(("text", "value"), [("8/255", 8 / 255), ("0.03", 0.03), (" 1 / 4 ", 0.25), ("1", 1.0)])
def test_radii_are_numbers_or_fractions(text, value):
    assert Threat.parse("linf", text).epsilon == value


def test_the_step_goes_with_the_radius():
    assert Threat.parse("linf", "4/255").step == 1 / 255


@pytest.mark.parametrize(
    ("norm", "epsilon", "line"),
    [
        ("linf", "8", r"linf epsilon 8 is outside the range of pixels, which are in \[0, 1\]; usual is 8/255"),
        ("linf", "0", "linf epsilon 0 is outside"),
        ("l2", "-1", "l2 epsilon -1 is outside .* usual is 128/255"),
        ("l2", "8/255", "epsilon 8/255 is linf's: in l2 it moves next to nothing; usual is 128/255"),
        ("l2", "0.0314", "is linf's"),
        ("l1", "1", "unknown norm 'l1'; did you mean 'l2'"),
        ("Linf", "", "unknown norm 'Linf'; did you mean 'linf'"),
        ("linf", "nan", "epsilon 'nan' is not a number or a fraction such as 8/255"),
        ("linf", "1/0", "epsilon '1/0' is not a number"),
    ],
)
def test_what_makes_no_sense_is_refused(norm, epsilon, line):
    with pytest.raises(UsageError, match=line):
        Threat.parse(norm, epsilon)


def test_an_epsilon_beyond_the_distance_of_black_and_white_images_is_refused():
    Threat("l2", 8.0).check_fits((8, 8, 1))
    with pytest.raises(UsageError, match="l2 epsilon 8.1 is outside .* images of 8x8x1 are at most 8 apart"):
        Threat("l2", 8.1).check_fits((8, 8, 1))


def test_a_number_that_is_none_is_named():
    with pytest.raises(UsageError, match="--step 'two' is not a number"):
        parse_number("--step", "two")
