"""Typed access to the fields of a text message."""

from __future__ import annotations

import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.prototxt import parse_prototxt


def message(text: str):
    return parse_prototxt(text, "f")


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("0x1F", 31), ("010", 8), ("0", 0), ("-3", -3)])
def test_integers_are_decimal_hexadecimal_or_octal(text, value):
    assert message(f"a: {text}").integer("a", 0, least=-10) == value


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("-.5", -0.5), ("1e-3", 1e-3), ("2.5f", 2.5), ("3.F", 3.0)])
def test_numbers_may_have_an_exponent_and_a_suffix(text, value):
    assert message(f"a: {text}").number("a", 0) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("t", True), ("1", True), ("false", False), ("f", False), ("0", False)],
)
def test_flags_have_three_spellings(text, value):
    assert message(f"a: {text}").flag("a", not value) is value


@pytest.mark.parametrize("text", ["AVE", "1"])
def test_an_enum_value_may_be_its_number(text):
    assert message(f"pool: {text}").choice("pool", ("MAX", "AVE"), "MAX") == "AVE"


def test_absent_fields_have_the_default():
    empty = message("")
    assert empty.integer("a", 5) == 5
    assert empty.number("a", 0.5) == 0.5
    assert empty.flag("a", True) is True
    assert empty.string("a", "x") == "x"
    assert empty.choice("a", ("MAX", "AVE"), "AVE") == "AVE"
    assert empty.integers("a") == empty.numbers("a") == empty.strings("a") == empty.messages("a") == []
    assert empty.message("a").fields == {}


@pytest.mark.parametrize(
    ("text", "read", "problem"),
    [
        ("a: 'x'", lambda m: m.integer("a", 0), "1:4: a must be an integer"),
        ("a: x", lambda m: m.integer("a", 0), "1:4: a must be an integer, not 'x'"),
        ("a: 089", lambda m: m.integer("a", 0), "1:4: a must be an integer, not '089'"),
        ("a: 1.5", lambda m: m.integer("a", 0), "1:4: a must be an integer, not '1.5'"),
        ("a: -1", lambda m: m.integer("a", 0), "1:4: a must be from 0 to 2147483647, not -1"),
        ("a: 99999999999", lambda m: m.integer("a", 0), "1:4: a must be from 0 to 2147483647"),
        ("a: 0", lambda m: m.integers("a", least=1), "1:4: a must be from 1"),
        ("a: nan", lambda m: m.number("a", 0), "1:4: a must be a finite number, not 'nan'"),
        ("a: -inf", lambda m: m.number("a", 0), "1:4: a must be a finite number"),
        ("a: 1e999", lambda m: m.number("a", 0), "1:4: a must be a finite number"),
        ("a: 2", lambda m: m.flag("a", True), "1:4: a must be true or false, not '2'"),
        ("a: b", lambda m: m.string("a"), "1:4: a must be a string in quotes"),
        ("a { }", lambda m: m.string("a"), "1:1: a must be a string in quotes"),
        ("a: 1", lambda m: m.message("a"), "1:4: a must be a message"),
        ("a: MX", lambda m: m.choice("a", ("MAX", "AVE"), "MAX"), "1:4: unknown a 'MX'; did you mean 'MAX'"),
        ("a: 2", lambda m: m.choice("a", ("MAX", "AVE"), "MAX"), "1:4: unknown a '2'"),
        ("a: 1\na: 2", lambda m: m.integer("a", 0), "2:4: a is given 2 times, at most one is allowed"),
    ],
)
def test_values_of_another_type_or_range_are_named_with_their_place(text, read, problem):
    with pytest.raises(CaffeError) as caught:
        read(message(text))
    assert str(caught.value).startswith(f"f:{problem}")
