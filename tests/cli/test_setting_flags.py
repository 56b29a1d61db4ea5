"""Flags made of settings: same names, defaults and help; what is given is what was typed."""

from __future__ import annotations

import dataclasses

import pytest
from absl import flags

from dsd_tf.cli import setting_flags
from dsd_tf.settings import Settings

NAMES = [field.name for field in dataclasses.fields(Settings)]


@pytest.fixture
def parse(fresh_flags):
    def with_arguments(define, names, *arguments):
        assert define(names) == list(names)
        flags.FLAGS(["command", *arguments])
        return flags.FLAGS

    return with_arguments


def test_every_setting_is_a_flag_with_its_default_and_type(parse):
    found = parse(setting_flags.define, NAMES)
    values = {name: found[name].value for name in NAMES}
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    assert values == defaults
    assert list(map(type, values.values())) == list(map(type, defaults.values()))


def test_help_is_that_of_the_setting_with_its_choices(parse):
    found = parse(setting_flags.define, ["epochs", "lr_schedule"])
    assert found["epochs"].help == "epochs of training (of each level or phase)"
    assert found["lr_schedule"].help == "how it falls (constant step cosine)"


def test_only_what_the_command_line_gives_is_given_even_if_it_is_the_default(parse):
    names = ["epochs", "lr", "nesterov", "seed"]
    default = Settings().epochs
    parse(setting_flags.define, names, f"--epochs={default}", "--nesterov", "--lr=0.5")
    assert setting_flags.given(names) == {"epochs": default, "nesterov": True, "lr": 0.5}


def test_a_flag_that_may_list_values_keeps_its_text(parse):
    names = ["seed", "lr", "nesterov", "method"]
    found = parse(setting_flags.define_lists, names, "--seed=0,1,2", "--lr=1e-1, 0.2", "--nesterov")
    assert (found.seed, found.lr, found.nesterov, found.method) == ("0,1,2", "1e-1, 0.2", "true", "dense")


def test_a_value_of_the_wrong_type_is_refused(parse):
    with pytest.raises(flags.IllegalFlagValueError, match="epochs"):
        parse(setting_flags.define, ["epochs"], "--epochs=many")
