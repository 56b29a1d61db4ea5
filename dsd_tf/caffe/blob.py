"""Weight arrays as Caffe stores them (`BlobProto`): legacy and new shapes, every number format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsd_tf.caffe import wire
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.wire import BYTES, FIXED32, FIXED64, VARINT

_MOST_AXES = 32
_LONGEST_SHAPE = 11 * _MOST_AXES  # bytes: a key and at most ten of a number for every axis
_LEGACY_AXES = {1: "num", 2: "channels", 3: "height", 4: "width"}
_DATA, _SHAPE, _DOUBLE_DATA, _RAW_TYPE, _RAW_DATA = 5, 7, 8, 10, 11
_RAW_TYPES = {0: np.dtype("<f8"), 1: np.dtype("<f4"), 2: np.dtype("<f2")}


@dataclass(frozen=True)
class Blob:
    """`values` is flat, in C order, and a view of the file where the file has it in one piece."""

    shape: tuple[int, ...]
    values: np.ndarray

    def fitted(self, shape: Sequence[int], where: str) -> np.ndarray:
        """The values as float32 in `shape`; leading axes of length one do not matter (legacy shapes)."""
        if _without_leading_ones(self.shape) != _without_leading_ones(shape):
            raise CaffeError(f"{where}: expected shape {_spelled(shape)}, found {_spelled(self.shape)}")
        return self.values.astype(np.float32, copy=False).reshape(shape)


def parse_blob(buffer: memoryview, where: str) -> Blob:
    """One `BlobProto`. Raises CaffeError if its numbers are not as many as its shape says."""
    legacy: dict[int, int] = {}
    dims: list[int] = []
    chunks: dict[int, list[memoryview]] = {_DATA: [], _DOUBLE_DATA: [], _RAW_DATA: []}
    raw_type = 1
    for field in wire.fields(buffer, where):
        if field.number in _LEGACY_AXES:
            value = wire.expect(field, VARINT, where=where, name=_LEGACY_AXES[field.number])
            legacy[field.number] = wire.signed(value)
        elif field.number == _SHAPE:
            dims += _dims(wire.expect(field, BYTES, where=where, name="shape"), where)
        elif field.number == _RAW_TYPE:
            raw_type = wire.expect(field, VARINT, where=where, name="raw_data_type")
        elif field.number in chunks:
            fixed = {_DATA: FIXED32, _DOUBLE_DATA: FIXED64}.get(field.number, BYTES)
            chunks[field.number].append(wire.expect(field, BYTES, fixed, where=where, name="data"))
    shape = tuple(legacy.get(axis, 0) for axis in _LEGACY_AXES) if legacy else tuple(dims)
    return _checked(shape, _values(chunks, raw_type, where), where)


def _dims(buffer: memoryview, where: str) -> list[int]:
    if len(buffer) > _LONGEST_SHAPE:
        raise CaffeError(f"{where}: a shape of {len(buffer)} bytes has more axes than Caffe's {_MOST_AXES}")
    dims = []
    for field in wire.fields(buffer, where):
        if field.number == 1 and field.kind == BYTES:
            dims += wire.packed_varints(field.value, where)
        elif field.number == 1:
            dims.append(wire.signed(wire.expect(field, VARINT, where=where, name="dim")))
    return dims


def _values(chunks: dict[int, list[memoryview]], raw_type: int, where: str) -> np.ndarray:
    if chunks[_RAW_DATA]:
        if raw_type not in _RAW_TYPES:
            raise CaffeError(f"{where}: raw_data_type {raw_type} is not supported (0 double, 1 float, 2 float16)")
        return _numbers(chunks[_RAW_DATA], _RAW_TYPES[raw_type], where)
    if any(len(chunk) for chunk in chunks[_DOUBLE_DATA]):
        return _numbers(chunks[_DOUBLE_DATA], np.dtype("<f8"), where)
    return _numbers(chunks[_DATA], np.dtype("<f4"), where)


def _numbers(chunks: list[memoryview], dtype: np.dtype, where: str) -> np.ndarray:
    for chunk in chunks:
        if len(chunk) % dtype.itemsize:
            raise CaffeError(f"{where}: {len(chunk)} bytes of data are not a whole number of {dtype.name} values")
    arrays = [np.frombuffer(chunk, dtype) for chunk in chunks]
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.empty(0, dtype), *arrays])


def _checked(shape: tuple[int, ...], values: np.ndarray, where: str) -> Blob:
    if min(shape, default=0) < 0 or math.prod(shape) != len(values):
        raise CaffeError(f"{where}: shape {_spelled(shape)} does not fit its {len(values)} values")
    return Blob(shape, values)


def _without_leading_ones(shape: Sequence[int]) -> tuple[int, ...]:
    ones = next((axis for axis, length in enumerate(shape) if length != 1), len(shape))
    return tuple(shape[ones:])


def _spelled(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"
