"""Blobs: legacy and new shapes, every number format."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.caffe.blob import Blob, parse_blob
from dsd_tf.caffe.errors import CaffeError

VALUES = np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1) - 2.5
STYLES = ["packed", "unpacked", "double", "unpacked double", "chunks", "raw double", "raw float", "raw half"]


def parse(data: bytes) -> Blob:
    return parse_blob(memoryview(data), "blob")


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_every_number_format_and_shape_gives_the_same_array(writer, style, legacy):
    blob = parse(writer.blob(VALUES, style, legacy))
    assert blob.shape == VALUES.shape
    found = blob.fitted(VALUES.shape, "here")
    assert found.dtype == np.float32
    assert (found == VALUES).all()


def test_packed_floats_are_a_view_of_the_file(writer):
    data = bytearray(writer.blob(VALUES))
    values = parse(data).values
    data[-4:] = np.float32(99).tobytes()
    assert values[-1] == 99


def test_dims_may_be_unpacked(writer):
    assert parse(writer.shape((2, 3), packed=False) + writer.values(VALUES, "packed")).shape == (2, 3)


def test_double_data_wins_over_data(writer):
    other = writer.data(5, np.zeros(6, "<f4").tobytes())
    blob = parse(writer.shape((6,)) + other + writer.values(VALUES, "double"))
    assert (blob.values == VALUES.reshape(-1)).all()


def test_a_legacy_field_makes_the_shape_four_dimensional(writer):
    blob = parse(
        writer.number(4, 6)
        + writer.number(3, 1)
        + writer.number(2, 1)
        + writer.number(1, 1)
        + writer.values(VALUES, "packed")
    )
    assert blob.shape == (1, 1, 1, 6)


def test_a_blob_without_axes_holds_one_number(writer):
    assert parse(writer.values(VALUES[:, :1, :1], "packed")).fitted((), "here") == -2.5


@pytest.mark.parametrize("expected", [(2, 3), (1, 2, 3), (1, 1, 2, 3), (1, 1, 1, 2, 3)])
def test_leading_ones_do_not_matter(writer, expected):
    blob = parse(writer.legacy_shape((2, 3)) + writer.values(VALUES, "packed"))
    assert blob.fitted(expected, "here").shape == expected


@pytest.mark.parametrize("expected", [(3, 2), (6,), (2, 3, 1), (2, 1, 3)])
def test_other_shapes_with_as_many_numbers_do_not_fit(writer, expected):
    blob = parse(writer.shape((2, 3)) + writer.values(VALUES, "packed"))
    with pytest.raises(CaffeError, match="here: expected shape .*, found 2x3"):
        blob.fitted(expected, "here")


def test_diff_and_unknown_fields_are_skipped(writer):
    extra = writer.data(6, bytes(24)) + writer.number(77, 1) + writer.data(99, b"?")
    assert (parse(extra + writer.blob(VALUES)).values == VALUES.reshape(-1)).all()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda w: w.shape((2, 2)) + w.values(VALUES, "packed"), "shape 2x2 does not fit its 6 values"),
        (lambda w: w.shape((2**31, 2**31)), "does not fit its 0 values"),
        (lambda w: w.shape((-2, -3)) + w.values(VALUES, "packed"), "shape -2x-3 does not fit its 6 values"),
        (lambda w: w.legacy_shape((2, 3)), "shape 1x1x2x3 does not fit its 0 values"),
        (lambda w: w.shape([1] * 400), "a shape of 403 bytes has more axes than Caffe's 32"),
        (lambda w: w.data(5, bytes(7)), "7 bytes of data are not a whole number of float32"),
        (lambda w: w.number(5, 1), "data is stored as varint"),
        (lambda w: w.number(10, 3) + w.data(11, bytes(6)), "raw_data_type 3 is not supported"),
        (lambda w: w.number(7, 3), "shape is stored as varint"),
        (lambda w: w.data(2, b"3"), "channels is stored as length-delimited"),
    ],
)
def test_contradictions_are_named(writer, make, problem):
    with pytest.raises(CaffeError, match=f"blob: .*{problem}"):
        parse(make(writer))
