"""The text format, and where in the file an error is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.message import Message
from dsd_tf.caffe.prototxt import parse_prototxt, read_prototxt


def tree(message: Message) -> dict:
    """Field values as plain Python: nested dicts and strings, all in lists."""
    return {
        name: [tree(entry.value) if isinstance(entry.value, Message) else entry.value.text for entry in entries]
        for name, entries in message.fields.items()
    }


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ('name: "net"', {"name": ["net"]}),
        ("a: 1 a: 2", {"a": ["1", "2"]}),
        ("a: [1, 2,3]", {"a": ["1", "2", "3"]}),
        ("a: []", {"a": []}),
        ("a: 1, b: 2; c: 3", {"a": ["1"], "b": ["2"], "c": ["3"]}),
        ("m { a: 1 }", {"m": [{"a": ["1"]}]}),
        ("m: { a: 1 }", {"m": [{"a": ["1"]}]}),
        ("m < a: 1 >", {"m": [{"a": ["1"]}]}),
        ("m { }", {"m": [{}]}),
        ("m: [{ a: 1 }, < a: 2 >]", {"m": [{"a": ["1"]}, {"a": ["2"]}]}),
        ("batch_size: 32 #*iter_size\n\t x: 1", {"batch_size": ["32"], "x": ["1"]}),
        ("shape: { dim: 10 dim: 3 dim: 227 }", {"shape": [{"dim": ["10", "3", "227"]}]}),
        ("pool: MAX b: true c: -1.5e-3 d: 0x1F e: .5f g: -inf", None),
        ("m{a:1}m{a:2}", {"m": [{"a": ["1"]}, {"a": ["2"]}]}),
        (r"""s: "a\n\x41\102\"" 'b' """, {"s": ['a\nAB"b']}),
        ("unknown_thing { deeper { x: WORD } }", {"unknown_thing": [{"deeper": [{"x": ["WORD"]}]}]}),
    ],
)
def test_the_grammar(text, fields):
    if fields is None:
        fields = {
            "pool": ["MAX"],
            "b": ["true"],
            "c": ["-1.5e-3"],
            "d": ["0x1F"],
            "e": [".5f"],
            "g": ["-inf"],
        }
    assert tree(parse_prototxt(text)) == fields


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("a 1", "1:3", "expected ':' or '{' after a, found '1'"),
        ("a:", "1:3", "expected a value, found the end of the file"),
        ("a: 1\nb: }", "2:4", "expected a value, found '}'"),
        ("layer {\n  name: 'x'\n", "1:1", "layer { is never closed"),
        ("layer {\n  name: 'x'\n}}", "3:2", "expected a field name, found '}'"),
        ("a: 'open\n", "1:4", "no field, value or bracket begins with"),
        ("a: 1 $", "1:6", "no field, value or bracket begins with '$'"),
        ("m { a: 1 >", "1:10", "expected a field name, found '>'"),
        ("a: [1 2]", "1:7", "expected ',' or ']'"),
        ("a: 12abc", "1:4", "no field, value or bracket begins with"),
        ("1: 2", "1:1", "expected a field name, found '1'"),
        ("m { " * 200, "1:403", "messages nest deeper than 100"),
    ],
)
def test_errors_name_line_and_column(text, position, problem):
    with pytest.raises(CaffeError) as caught:
        parse_prototxt(text, "net.prototxt")
    assert str(caught.value).startswith(f"net.prototxt:{position}: {problem}")


def test_a_file_that_is_not_text_is_refused_with_a_position(tmp_path):
    (tmp_path / "net").write_bytes(bytes(range(256)))
    with pytest.raises(CaffeError, match=r"net:1:1: no field"):
        read_prototxt(tmp_path / "net")


def test_comments_need_not_be_utf8(tmp_path):
    (tmp_path / "net").write_bytes(b"# caf\xe9\nname: 'net'")
    assert read_prototxt(tmp_path / "net").string("name") == "net"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CaffeError, match="cannot read prototxt .*absent"):
        read_prototxt(tmp_path / "absent")


@given(st.text(max_size=60, alphabet="ab1:{}<>[],;\"'#\\.- \n\t0xefé"))
def test_any_text_is_read_or_refused_with_a_position(text):
    try:
        parse_prototxt(text, "f")
    except CaffeError as error:
        assert re.match(r"f:\d+:\d+: ", str(error))
