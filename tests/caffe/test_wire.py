"""The wire format: every type, every way in which bytes can be wrong."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.caffe import wire
from dsd_tf.caffe.errors import CaffeError


def fields(data: bytes) -> list[tuple[int, int, int | bytes]]:
    return [
        (field.number, field.kind, field.value if isinstance(field.value, int) else bytes(field.value))
        for field in wire.fields(memoryview(data), "file")
    ]


def test_a_varint_field_is_read_least_significant_group_first():
    assert fields(b"\x08\xac\x02") == [(1, wire.VARINT, 300)]


def test_field_numbers_above_15_take_two_bytes():
    assert fields(b"\xa2\x06\x01A") == [(100, wire.BYTES, b"A")]


def test_a_length_delimited_field_is_a_view_of_the_buffer():
    data = bytearray(b"\x0a\x03abc")
    (field,) = wire.fields(memoryview(data), "file")
    data[2:5] = b"xyz"
    assert bytes(field.value) == b"xyz"


def test_a_single_fixed_field_keeps_its_bytes():
    assert fields(b"\x2d\x00\x00\x80\x3f") == [(5, wire.FIXED32, b"\x00\x00\x80\x3f")]
    assert fields(b"\x41" + bytes(8)) == [(8, wire.FIXED64, bytes(8))]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 21])
def test_runs_of_fixed_fields_give_all_their_bytes_in_order(count):
    values = [bytes([index, 0, 0, 0]) for index in range(count)]
    found = fields(b"".join(b"\x2d" + value for value in values) + b"\x08\x01")
    assert b"".join(value for *_, value in found[:-1]) == b"".join(values)
    assert found[-1] == (1, wire.VARINT, 1)


def test_a_million_unpacked_floats_come_in_few_pieces():
    assert len(fields(b"\x2d\x00\x00\x80\x3f" * 1_000_000)) < 21


@pytest.mark.parametrize(("stored", "value"), [(0, 0), (2**63 - 1, 2**63 - 1), (2**64 - 1, -1), (2**63, -(2**63))])
def test_negative_numbers_are_two_complement_of_64_bits(stored, value):
    assert wire.signed(stored) == value


def test_packed_varints_may_be_negative(writer):
    assert wire.packed_varints(memoryview(writer.varint(7) + writer.varint(-1)), "file") == [7, -1]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x08", "the data ends inside a number"),
        (b"\x08\x80", "the data ends inside a number"),
        (b"\x08" + b"\xff" * 10, "longer than 10 bytes"),
        (b"\x0a\x05abc", "field 1 claims 5 bytes, but only 3 are left"),
        (b"\x2d\x00\x00", "field 5 claims 4 bytes, but only 2 are left"),
        (b"\x00\x01", "byte 0 is not the start of a field"),
        (b"\x08\x01\x0b", "byte 2 is not the start of a field"),
    ],
)
def test_damaged_bytes_are_named(data, problem):
    with pytest.raises(CaffeError, match=f"file: .*{problem}"):
        fields(data)


def test_a_claim_of_two_gigabytes_allocates_nothing(writer):
    data = b"\x0a" + writer.varint(2**31) + bytes(1000)
    tracemalloc.start()
    try:
        with pytest.raises(CaffeError, match="claims 2147483648 bytes, but only 1000 are left"):
            fields(data)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_expect_names_the_field_that_is_stored_as_another_type():
    (field,) = wire.fields(memoryview(b"\x08\x01"), "file")
    with pytest.raises(CaffeError, match="file: name is stored as varint, expected length-delimited"):
        wire.expect(field, wire.BYTES, where="file", name="name")


NUMBERS = st.integers(0, 2**64 - 1)
FIELD = st.one_of(
    st.tuples(st.just(wire.VARINT), NUMBERS),
    st.tuples(st.just(wire.BYTES), st.binary(max_size=200)),
    st.tuples(st.just(wire.FIXED32), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just(wire.FIXED64), st.binary(min_size=8, max_size=8)),
)


@given(st.lists(st.tuples(st.integers(1, 2**20), FIELD), max_size=8, unique_by=lambda item: item[0]))
def test_what_is_written_is_read_back(writer, items):
    data = b"".join(
        writer.number(number, value)
        if kind == wire.VARINT
        else writer.data(number, value)
        if kind == wire.BYTES
        else writer.varint(number << 3 | kind) + value
        for number, (kind, value) in items
    )
    assert fields(data) == [(number, kind, value) for number, (kind, value) in items]


@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(data):
    try:
        found = fields(data)
    except CaffeError:
        return
    assert sum(len(value) for _, kind, value in found if kind == wire.BYTES) <= len(data)
