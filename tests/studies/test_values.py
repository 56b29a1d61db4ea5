"""Text to values of settings, and back."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.studies.values import alternatives, format_value, parse_value


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("seed", "0,1,2", (0, 1, 2)),
        ("seed", "7", (7,)),
        ("label_noise", "0, 0.2 ,1e-3", (0.0, 0.2, 0.001)),
        ("model", "lenet300,lenet5", ("lenet300", "lenet5")),
        ("teacher", "", ("",)),
        ("teacher", ",runs/a", ("", "runs/a")),
        ("nesterov", "true,False", (True, False)),
        ("protect_first", "1", (True,)),
    ],
)
def test_commas_separate_values_of_the_settings_type(name, text, values):
    found = alternatives(name, text)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("milestones", "50%,75%", ("50%,75%",)),
        ("milestones", "50%,75%; 60%,80%", ("50%,75%", "60%,80%")),
        ("exclude", ";*project*,logits*", ("", "*project*,logits*")),
        ("export", "keras,litert", ("keras,litert",)),
    ],
)
def test_semicolons_separate_values_that_are_lists_themselves(name, text, values):
    assert alternatives(name, text) == values


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("epochs", "ten", "--epochs: 'ten' is not a whole number"),
        ("epochs", "1,2.5", "--epochs: '2.5' is not a whole number"),
        ("seed", "", "--seed: '' is not a whole number"),
        ("seed", "0,,1", "--seed: '' is not a whole number"),
        ("lr", "0.1;0.2", "--lr: '0.1;0.2' is not a number"),
        ("nesterov", "true,maybe", "--nesterov: 'maybe' is not true or false"),
        ("seed", "0,1,0", "--seed=0,1,0 lists 0 twice"),
        ("lr", "0.1,1e-1", "--lr=0.1,1e-1 lists 1e-1 twice"),
        ("data_dir", "a,b", "--data_dir=a,b: results do not depend on --data_dir, so it takes one value"),
    ],
)
def test_what_is_no_list_of_different_values_is_refused_naming_the_flag(name, text, problem):
    with pytest.raises(UsageError) as error:
        alternatives(name, text)
    assert str(error.value) == problem


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1.0, "1"),
        (0.2, "0.2"),
        (1e-05, "1e-05"),
        (0.1234567891, "0.1234567891"),
        (True, "true"),
        ("a.0", "a.0"),
    ],
)
def test_a_value_is_written_as_short_as_can_be(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(("name", "value"), [("seed", 3), ("lr", 1e-7), ("nesterov", False), ("begin", "40%")])
def test_what_is_written_is_read_again(name, value):
    assert parse_value(name, format_value(value)) == value
