"""Whole caffemodels, in the three layer formats, and mean images."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.caffe.caffemodel import parse_caffemodel, read_bytes, read_caffemodel, read_mean
from dsd_tf.caffe.errors import CaffeError

KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
BIAS = np.array([0.5, -1], np.float32)
ARRAYS = {"conv/a": [KERNEL, BIAS], "conv/b": [2 * KERNEL]}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("version", [0, 1, 2])
def test_all_layer_formats_give_the_same_weights(writer, version, legacy):
    weights = parse_caffemodel(writer.net(ARRAYS, version, legacy=legacy))
    assert list(weights) == ["conv/a", "conv/b"]
    assert (weights["conv/a"][0].fitted(KERNEL.shape, "") == KERNEL).all()
    assert (weights["conv/a"][1].fitted(BIAS.shape, "") == BIAS).all()
    assert (weights["conv/b"][0].fitted(KERNEL.shape, "") == 2 * KERNEL).all()


def test_layers_without_weights_are_left_out(writer):
    data = writer.v2_layer("in_conv_split", [], "Split") + writer.net(ARRAYS)
    assert list(parse_caffemodel(data)) == ["conv/a", "conv/b"]


def test_unknown_fields_of_the_net_and_its_layers_are_skipped(writer):
    layer = writer.data(100, writer.data(1, "c") + writer.data(106, b"\x08\x02") + writer.data(7, writer.blob(KERNEL)))
    data = writer.number(5, 1) + layer + writer.data(500, b"new")
    assert list(parse_caffemodel(data)) == ["c"]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda w: b"", "holds no weights"),
        (lambda w: w.v2_layer("split", []), "holds no weights"),
        (
            lambda w: w.net(ARRAYS, 1) + w.net({"c": [BIAS]}, 2),
            "has layers in both the old .* and the new .* format",
        ),
        (lambda w: w.net(ARRAYS) + w.net(ARRAYS), "two layers named 'conv/a' have weights"),
        (lambda w: w.number(100, 1), "layer 1: a layer is stored as varint"),
        (lambda w: w.net(ARRAYS) + w.data(100, w.data(1, b"\xff\xfe")), "layer 3: the name is not UTF-8"),
        (lambda w: w.net(ARRAYS)[:-5], "field 100 claims"),
        (lambda w: w.v2_layer("c", [w.shape((2,))]), "layer 'c', blob 0: shape 2 does not fit its 0 values"),
    ],
)
def test_damage_is_named(writer, make, problem):
    with pytest.raises(CaffeError, match=f"net: .*{problem}|net {problem}"):
        parse_caffemodel(make(writer), "net")


def test_nesting_in_a_field_that_has_no_messages_is_not_followed(writer):
    deep = b""
    for _ in range(3000):
        deep = writer.data(3, deep)
    assert list(parse_caffemodel(deep + writer.net(ARRAYS))) == ["conv/a", "conv/b"]


def test_a_layer_nested_in_itself_is_not_followed(writer):
    deep = writer.data(1, "name")
    for _ in range(3000):
        deep = writer.data(1, deep)
    with pytest.raises(CaffeError):
        parse_caffemodel(writer.data(2, deep))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CaffeError, match="cannot read .*absent.caffemodel: No such file"):
        read_caffemodel(tmp_path / "absent.caffemodel")


def test_a_directory_is_not_a_file(tmp_path):
    with pytest.raises(CaffeError, match="Is a directory"):
        read_caffemodel(tmp_path)


def test_a_file_beyond_protobufs_limit_is_refused_unread(tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(2**31)
    with pytest.raises(CaffeError, match="larger than the 2 GiB"):
        read_bytes(tmp_path / "large")


def test_a_mean_image_comes_with_channels_last(writer, tmp_path):
    mean = np.arange(24, dtype=np.float32).reshape(1, 3, 2, 4)
    (tmp_path / "mean.binaryproto").write_bytes(writer.blob(mean, legacy=True))
    assert (read_mean(tmp_path / "mean.binaryproto") == mean[0].transpose(1, 2, 0)).all()


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (0, 3, 4, 4), (1, 1, 3, 4, 4)])
def test_a_mean_of_another_shape_is_refused(writer, tmp_path, shape):
    (tmp_path / "mean").write_bytes(writer.blob(np.zeros(shape, np.float32)))
    with pytest.raises(CaffeError, match="expected a mean image of shape 1x3x256x256"):
        read_mean(tmp_path / "mean")


def test_a_mean_that_is_not_finite_is_refused(writer, tmp_path):
    (tmp_path / "mean").write_bytes(writer.blob(np.full((1, 3, 2, 2), np.nan, np.float32)))
    with pytest.raises(CaffeError, match="not finite"):
        read_mean(tmp_path / "mean")
