"""A tiny writer of caffemodel files, and OpenCV as an independent reader and runtime of them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pytest

from dsd_tf.caffe.build import build_model
from dsd_tf.caffe.caffemodel import parse_caffemodel
from dsd_tf.caffe.network import build_network
from dsd_tf.caffe.plan import plan
from dsd_tf.caffe.prototxt import parse_prototxt
from dsd_tf.caffe.weights import match, weighted_layers

Arrays = Mapping[str, Sequence[np.ndarray]]


class Writer:
    """Protobuf bytes, field by field."""

    @staticmethod
    def varint(value: int) -> bytes:
        value &= 0xFFFFFFFFFFFFFFFF
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*out, value])

    def number(self, field: int, value: int) -> bytes:
        return self.varint(field << 3) + self.varint(value)

    def data(self, field: int, value: bytes | str) -> bytes:
        value = value.encode() if isinstance(value, str) else value
        return self.varint(field << 3 | 2) + self.varint(len(value)) + value

    def shape(self, dims: Sequence[int], packed: bool = True) -> bytes:
        if packed:
            return self.data(7, self.data(1, b"".join(map(self.varint, dims))))
        return self.data(7, b"".join(self.number(1, dim) for dim in dims))

    def legacy_shape(self, dims: Sequence[int]) -> bytes:
        padded = [1] * (4 - len(dims)) + list(dims)
        return b"".join(self.number(axis, dim) for axis, dim in enumerate(padded, start=1))

    def values(self, array: np.ndarray, style: str) -> bytes:
        flat = np.ascontiguousarray(array).reshape(-1)
        if style == "packed":
            return self.data(5, flat.astype("<f4").tobytes())
        if style == "unpacked":
            return b"".join(b"\x2d" + struct.pack("<f", value) for value in flat)
        if style == "double":
            return self.data(8, flat.astype("<f8").tobytes())
        if style == "unpacked double":
            return b"".join(b"\x41" + struct.pack("<d", value) for value in flat)
        if style == "chunks":
            return b"".join(self.data(5, part.astype("<f4").tobytes()) for part in np.array_split(flat, 3))
        dtypes = {"raw double": (0, "<f8"), "raw float": (1, "<f4"), "raw half": (2, "<f2")}
        kind, dtype = dtypes[style]
        return self.number(10, kind) + self.data(11, flat.astype(dtype).tobytes())

    def blob(self, array: np.ndarray, style: str = "packed", legacy: bool = False) -> bytes:
        return (self.legacy_shape if legacy else self.shape)(array.shape) + self.values(array, style)

    def net(self, arrays: Arrays, version: int = 2, style: str = "packed", legacy: bool = False) -> bytes:
        """A NetParameter whose layers are in the V0, V1 or V2 format."""
        layers = {name: [self.blob(array, style, legacy) for array in blobs] for name, blobs in arrays.items()}
        write = {0: self.v0_layer, 1: self.v1_layer, 2: self.v2_layer}[version]
        return self.data(1, "test") + b"".join(write(name, blobs) for name, blobs in layers.items())

    def v2_layer(self, name: str, blobs: Sequence[bytes], kind: str = "Convolution") -> bytes:
        return self.data(100, self.data(1, name) + self.data(2, kind) + b"".join(self.data(7, b) for b in blobs))

    def v1_layer(self, name: str, blobs: Sequence[bytes]) -> bytes:
        return self.data(2, self.data(4, name) + self.number(5, 4) + b"".join(self.data(6, b) for b in blobs))

    def v0_layer(self, name: str, blobs: Sequence[bytes]) -> bytes:
        layer = self.data(1, name) + self.data(2, "conv") + b"".join(self.data(50, b) for b in blobs)
        return self.data(2, self.data(1, layer) + self.data(2, "in") + self.data(3, "out"))


@pytest.fixture(scope="session")
def writer() -> Writer:
    return Writer()


def planned(text: str):
    network = build_network(parse_prototxt(text))
    return network, plan(network)


@pytest.fixture(scope="session")
def plan_text():
    """Prototxt text -> (network, steps)."""
    return planned


def random_arrays(text: str, seed: int = 0) -> dict[str, list[np.ndarray]]:
    """Weights for every layer of a prototxt; all but the first blob are positive, as variances are."""
    random = np.random.default_rng(seed)
    arrays: dict[str, list[np.ndarray]] = {}
    for layer, shapes in weighted_layers(planned(text)[1]):
        blobs = [random.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]
        arrays[layer.name] = [blobs[0], *(np.abs(blob) + 0.1 for blob in blobs[1:])]
    return arrays


@pytest.fixture(scope="session")
def converted():
    """Prototxt text, caffemodel bytes or None for random weights -> Keras model."""

    def convert(text: str, data: bytes | None = None) -> keras.Model:
        network, steps = planned(text)
        data = Writer().net(random_arrays(text)) if data is None else data
        arrays = match(steps, parse_caffemodel(data)).arrays if any(step.blobs != ([],) for step in steps) else {}
        return build_model(network, steps, arrays)[0]

    return convert


@pytest.fixture(scope="session")
def opencv():
    """What OpenCV's Caffe runtime computes: (prototxt text, arrays, NCHW inputs by name) -> NCHW output."""
    cv2 = pytest.importorskip("cv2", reason="needs opencv-python-headless>=4.13,<5 as the independent reference")

    def run(text: str, arrays: Arrays, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        files = [np.frombuffer(data, np.uint8) for data in (text.encode(), Writer().net(arrays))]
        net = cv2.dnn.readNetFromCaffe(*files)
        for name, value in inputs.items():
            net.setInput(value, name)
        return net.forward()

    return run


@pytest.fixture(scope="session")
def same_as_opencv(converted, opencv):
    """Asserts that layers on a 4x7x10 map named "data" compute what OpenCV computes, on random weights."""

    def check(body: str) -> None:
        text = f'input: "data" input_dim: [2, 4, 7, 10] {body}'
        arrays = random_arrays(text)
        images = np.random.default_rng(1).normal(0, 1, (2, 4, 7, 10)).astype(np.float32)
        expected = opencv(text, arrays, {"data": images})
        found = converted(text, Writer().net(arrays))(images.transpose(0, 2, 3, 1)).numpy()
        if found.ndim == 4:
            found = found.transpose(0, 3, 1, 2)
        np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-5, atol=1e-5)

    return check


@pytest.fixture(scope="session")
def make_arrays():
    """Prototxt text -> random weights by layer name."""
    return random_arrays
