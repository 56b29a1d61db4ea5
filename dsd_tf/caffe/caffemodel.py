"""Reader of .caffemodel files (`NetParameter`, all three layer formats) and mean images (.binaryproto)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dsd_tf.caffe import wire
from dsd_tf.caffe.blob import Blob, parse_blob
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.wire import BYTES

_LARGEST_FILE = 2**31  # protobuf refuses longer messages
_V1_LAYERS, _V2_LAYER = 2, 100


class _Numbers(NamedTuple):
    """Field numbers of one layer format; `nested` is where V1 keeps a V0 layer."""

    name: int
    blobs: int
    nested: int | None = None


_V0 = _Numbers(name=1, blobs=50)
_V1 = _Numbers(name=4, blobs=6, nested=1)
_V2 = _Numbers(name=1, blobs=7)


def read_caffemodel(path: Path) -> dict[str, list[Blob]]:
    """Blobs by layer name, for every layer that has some. Raises CaffeError if the file is damaged."""
    return parse_caffemodel(read_bytes(path), str(path))


def read_mean(path: Path) -> np.ndarray:
    """The mean image of a .binaryproto file: float32 (height, width, channels), channels as stored (BGR)."""
    blob = parse_blob(memoryview(read_bytes(path)), str(path))
    shape = (1,) * (4 - len(blob.shape)) + blob.shape
    if len(shape) != 4 or shape[0] != 1 or not blob.values.size:
        raise CaffeError(f"{path}: expected a mean image of shape 1x3x256x256, found {blob.shape}")
    mean = blob.fitted(shape, str(path))[0].transpose(1, 2, 0)
    if not np.isfinite(mean).all():
        raise CaffeError(f"{path}: the mean image has values that are not finite")
    return mean


def read_bytes(path: Path) -> bytes:
    """A whole file of at most 2 GiB; CaffeError if it is larger or cannot be read."""
    try:
        if path.stat().st_size >= _LARGEST_FILE:
            raise CaffeError(f"{path} is larger than the 2 GiB that protobuf allows")
        return path.read_bytes()
    except OSError as error:
        raise CaffeError(f"cannot read {path}: {error.strerror}") from None


def parse_caffemodel(data: bytes, name: str = "caffemodel") -> dict[str, list[Blob]]:
    """What `read_caffemodel` returns, from the bytes of the file; `name` stands for it in error messages."""
    weights: dict[str, list[Blob]] = {}
    formats = []
    for field in wire.fields(memoryview(data), name):
        if field.number not in (_V1_LAYERS, _V2_LAYER):
            continue
        formats.append(field.number)
        where = f"{name}: layer {len(formats)}"
        buffer = wire.expect(field, BYTES, where=where, name="a layer")
        layer, blobs = _layer(buffer, _V2 if field.number == _V2_LAYER else _V1, name, where)
        if blobs and layer in weights:
            raise CaffeError(f"{name}: two layers named {layer!r} have weights")
        if blobs:
            weights[layer] = blobs
    if len(set(formats)) > 1:
        raise CaffeError(f"{name} has layers in both the old (layers) and the new (layer) format, as no Caffe accepts")
    if not weights:
        raise CaffeError(f"{name} holds no weights; a .caffemodel, as Caffe saves it when it trains, does")
    return weights


def _layer(buffer: memoryview, numbers: _Numbers, file: str, where: str) -> tuple[str, list[Blob]]:
    name, stored = "", []
    for field in wire.fields(buffer, where):
        if field.number == numbers.name:
            name = _text(wire.expect(field, BYTES, where=where, name="name"), where)
        elif field.number == numbers.blobs:
            stored.append(wire.expect(field, BYTES, where=where, name="blobs"))
        elif field.number == numbers.nested:
            return _layer(wire.expect(field, BYTES, where=where, name="layer"), _V0, file, where)
    blobs = [parse_blob(blob, f"{file}: layer {name!r}, blob {index}") for index, blob in enumerate(stored)]
    return name, blobs


def _text(value: memoryview, where: str) -> str:
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        raise CaffeError(f"{where}: the name is not UTF-8 text") from None
