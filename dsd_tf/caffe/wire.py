"""The protobuf wire format (protobuf.dev/programming-guides/encoding), read without generated code.

A length-delimited field is a view of the buffer, and its length is checked against what is left before it is
touched. Nested messages are read by whoever knows their schema, so a file cannot make the reader recurse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dsd_tf.caffe.errors import CaffeError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WIDTHS = {FIXED64: 8, FIXED32: 4}
_NAMES = {VARINT: "varint", FIXED64: "64-bit", BYTES: "length-delimited", FIXED32: "32-bit"}


class Field(NamedTuple):
    """A varint as an unsigned int; anything else as a view of its bytes."""

    number: int
    kind: int
    value: int | memoryview


def varint(buffer: memoryview, position: int, where: str) -> tuple[int, int]:
    """The base-128 number at `position` (unsigned, 64 bits) and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(buffer):
            raise CaffeError(f"{where}: the data ends inside a number")
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
    raise CaffeError(f"{where}: a number is longer than 10 bytes")


def signed(value: int) -> int:
    """An int32 or int64 field's value: negative numbers are stored as 64-bit two's complement."""
    return value - (1 << 64) if value >> 63 else value


def fields(buffer: memoryview, where: str) -> Iterator[Field]:
    """The fields of one message in file order; runs of one 32- or 64-bit field come packed together.

    Raises CaffeError, prefixed with `where`, at the first byte that no message can contain.
    """
    position = 0
    while position < len(buffer):
        start = position
        key, position = varint(buffer, position, where)
        number, kind = key >> 3, key & 7
        if number == 0 or kind not in _NAMES:
            raise CaffeError(f"{where}: byte {start} is not the start of a field (number {number}, wire type {kind})")
        if kind == VARINT:
            value, position = varint(buffer, position, where)
        elif kind == BYTES:
            length, position = varint(buffer, position, where)
            value = _slice(buffer, position, length, where, number)
            position += length
        else:
            value, position = _fixed_run(buffer, start, position, _WIDTHS[kind], where, number)
        yield Field(number, kind, value)


def packed_varints(buffer: memoryview, where: str) -> list[int]:
    """Signed integers stored one after the other."""
    values, position = [], 0
    while position < len(buffer):
        value, position = varint(buffer, position, where)
        values.append(signed(value))
    return values


def expect(field: Field, *kinds: int, where: str, name: str) -> int | memoryview:
    """The field's value, or CaffeError if it is not stored as one of `kinds`."""
    if field.kind not in kinds:
        raise CaffeError(f"{where}: {name} is stored as {_NAMES[field.kind]}, expected {_NAMES[kinds[0]]}")
    return field.value


def _slice(buffer: memoryview, position: int, length: int, where: str, number: int) -> memoryview:
    if length > len(buffer) - position:
        raise CaffeError(f"{where}: field {number} claims {length} bytes, but only {len(buffer) - position} are left")
    return buffer[position : position + length]


def _fixed_run(
    buffer: memoryview, start: int, position: int, width: int, where: str, number: int
) -> tuple[memoryview, int]:
    value = _slice(buffer, position, width, where, number)
    key = buffer[start:position]
    stride = len(key) + width
    count = 1
    while _repeats(buffer, start, count, 2 * count, stride, key):
        count *= 2
    if count == 1:
        return value, position + width
    rows = np.frombuffer(buffer, np.uint8, count * stride, start).reshape(count, stride)
    return memoryview(rows[:, len(key) :].tobytes()), start + count * stride


def _repeats(buffer: memoryview, start: int, first: int, last: int, stride: int, key: memoryview) -> bool:
    """Whether fields `first` to `last` (exclusive) of a run that begins at `start` have this key too."""
    if start + last * stride > len(buffer):
        return False
    keys = np.frombuffer(buffer, np.uint8, (last - first) * stride, start + first * stride).reshape(-1, stride)
    return bool((keys[:, : len(key)] == np.frombuffer(key, np.uint8)).all())
