"""Corruptions by name and severity."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.robustness.corruptions.corruption import Corruption


def test_a_kind_and_a_severity_are_parsed():
    assert Corruption.parse("gaussian_noise:5") == Corruption("gaussian_noise", 5)
    assert str(Corruption("fog", 1)) == "fog:1"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("gaussian_noise:6", "corruption severity 6 is not defined: 1 to 5 are"),
        ("gaussian_noise:0", "corruption severity 0 is not defined"),
        ("gaussian_noise:-1", "corruption severity -1 is not defined"),
        ("gaussian_nose:1", "unknown corruption 'gaussian_nose'; did you mean 'gaussian_noise'"),
        ("gaussian_noise", "corruption 'gaussian_noise' is not KIND:SEVERITY, as in gaussian_noise:5"),
        ("fog:1.5", "corruption 'fog:1.5' is not KIND:SEVERITY"),
    ],
)
def test_others_are_refused(text, line):
    with pytest.raises(UsageError, match=line):
        Corruption.parse(text)
