"""Names of runs: readable, and safe in paths, patterns and lists."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.errors import UsageError
from dsd_tf.studies.names import run_name


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ({"label_noise": 0.2, "seed": 1}, "label_noise=0.2-seed=1"),
        ({"variant": "reinit", "width": 1.0, "nesterov": True}, "variant=reinit-width=1-nesterov=true"),
        ({"rewind_to": "40%", "milestones": "50%,75%"}, "rewind_to=40%-milestones=50%+75%"),
        ({"granularity": "block:4x1"}, "granularity=block:4x1"),
        ({"allocation": "tables/a b.json"}, "allocation=tables%2Fa%20b.json"),
        ({"exclude": "*project*"}, "exclude=%2Aproject%2A"),
        ({"exclude": ""}, "exclude="),
    ],
)
def test_a_name_tells_the_value_on_every_axis(axes, name):
    assert run_name(axes) == name


@given(st.text(max_size=20), st.text(max_size=20).filter(lambda text: "%" not in text))
def test_names_are_safe_and_those_of_different_values_differ(first, second):
    names = [run_name({"exclude": value}) for value in (first, second)]
    assert all(re.fullmatch(r"[A-Za-z0-9_.=:%+~-]+", name) for name in names)
    assert (names[0] == names[1]) == (first == second) or "%" in first


def test_a_name_that_is_too_long_for_a_directory_is_refused():
    with pytest.raises(UsageError, match="too long for the name of a run: give its values as a --variant"):
        run_name({"allocation": "a" * 200})
