"""One line that says what is wrong and what would be accepted."""

from __future__ import annotations

import pytest

from dsd_tf.errors import Diverged, UsageError, unknown


@pytest.mark.parametrize(
    ("value", "nearest"),
    [("resnt18", "resnet18"), ("ResNet18", "resnet18"), ("lenet", "lenet300"), ("qqq", None)],
)
def test_an_unknown_name_is_answered_with_the_nearest_valid_one(value, nearest):
    message = str(unknown("--model", value, ["resnet18", "lenet300"]))
    assert message.startswith(f"unknown --model {value!r}; did you mean '")
    assert nearest is None or f"did you mean {nearest!r}?" in message
    assert message.endswith("(valid: lenet300, resnet18)")


def test_without_choices_there_is_no_nearest():
    assert str(unknown("layer", "fc1", [])) == "unknown layer 'fc1' (valid: )"


def test_bad_input_is_a_value_error_and_divergence_is_not():
    assert issubclass(UsageError, ValueError)
    assert not issubclass(Diverged, ValueError)
