"""Thousands of damaged files: each ends in an error of ours or in exactly what is left in the file."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from dsd_tf.caffe import wire
from dsd_tf.caffe.build import build_model
from dsd_tf.caffe.caffemodel import parse_caffemodel
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.network import build_network
from dsd_tf.caffe.plan import plan
from dsd_tf.caffe.prototxt import parse_prototxt
from dsd_tf.caffe.weights import match, weighted_layers
from dsd_tf.compression.legacy import SharedWeights, Slot, decode, encode
from dsd_tf.errors import UsageError

NETWORK = """name: "small" # a comment
input: "data" input_shape { dim: [1, 4, 13, 10] }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 8 kernel_size: 3 pad: 2 stride: 2 group: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv1" top: "conv1" include { phase: TEST } }
layer { name: "norm" type: "LRN" bottom: "conv1" top: "norm"
        lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 } }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool"
        pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool" top: "a"
        convolution_param { num_output: 6 kernel_size: 1 } }
layer { name: "cat" type: "Concat" bottom: "a" bottom: "pool" top: "cat" }
layer { name: "fc" type: "InnerProduct" bottom: "cat" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "drop" type: "Dropout" bottom: "fc" top: "fc" dropout_param { dropout_ratio: 0.5 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
EXTREMES = [
    "0",
    "-1",
    "1",
    "2147483647",
    "99999999999999999999",
    "1e30",
    "nan",
    "3.5",
    "MAX",
    '"data"',
    "{",
    "}",
]


class Files(NamedTuple):
    prototxt: str
    caffemodel: bytes
    net: bytes


@pytest.fixture(scope="module", params=["hand-made", "real"])
def files(request, make_arrays, writer) -> Files:
    if request.param == "real":
        place = request.getfixturevalue("real_data") / "squeezenet"
        return Files(
            (place / "trainval.prototxt").read_text(),
            (place / "squeezenet_v1.0_deep_compression.caffemodel").read_bytes(),
            (place / "compressed_SqueezeNet.net").read_bytes(),
        )
    arrays = make_arrays(NETWORK)
    return Files(NETWORK, writer.net(arrays), encode(list(map(_shared, _slots(NETWORK)))))


def _slots(text: str) -> list[Slot]:
    steps = plan(build_network(parse_prototxt(text)))
    return [Slot(layer.name, shapes[0]) for layer, shapes in weighted_layers(steps)]


def _shared(slot: Slot) -> SharedWeights:
    random = np.random.default_rng(0)
    colours = 1 << slot.bits
    codes = random.integers(0, colours, slot.shape, np.uint8) * (random.random(slot.shape) < 0.2)
    codebook = np.linspace(0, 1, colours, dtype=np.float32)
    return SharedWeights(slot, codes.astype(np.uint8), codebook, np.zeros(slot.shape[0], np.float32))


def damaged(data: bytes, places: np.ndarray, random: np.random.Generator) -> bytes:
    """`data` with one to three changes, most of them at one of `places`."""
    out = bytearray(data)
    for _ in range(random.integers(1, 4)):
        place = int(random.choice(places)) if random.random() < 0.8 else int(random.integers(len(data)))
        place = min(place, len(out))
        length = int(random.integers(1, 12))
        match random.integers(7):
            case 0:
                out[place : place + 1] = bytes([(out[place] if place < len(out) else 0) ^ 1 << random.integers(8)])
            case 1:
                out[place : place + length] = random.bytes(length)
            case 2:
                del out[place : place + length]
            case 3:
                out[place:place] = random.bytes(length)
            case 4:
                out[place:place] = b"\xff\xff\xff\xff\x07"
            case 5:
                source = int(random.choice(places))
                out[place:place] = out[source : source + 10 * length]
            case _:
                del out[place:]
        if not out:
            break
    return bytes(out)


def structure(data: bytes) -> np.ndarray:
    """Offsets of the bytes of a caffemodel that are not weights."""
    base = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    outside = np.ones(len(data), bool)
    for layer in wire.fields(memoryview(data), ""):
        for blob in wire.fields(layer.value, "") if layer.number == 100 else ():
            for field in wire.fields(blob.value, "") if blob.number == 7 else ():
                if field.number == 5 and len(field.value):
                    start = np.frombuffer(field.value, np.uint8).__array_interface__["data"][0] - base
                    outside[start : start + len(field.value)] = False
    return np.flatnonzero(outside)


@pytest.fixture(scope="module")
def net_parameter():
    """The part of Caffe's NetParameter that holds weights, for Google's own reader."""
    file = descriptor_pb2.FileDescriptorProto(name="weights.proto", package="weights", syntax="proto2")

    def define(message_name: str, **fields: tuple[int, str, bool]) -> None:
        message = file.message_type.add(name=message_name)
        for field, (number, kind, repeated) in fields.items():
            added = message.field.add(name=field, number=number, label=3 if repeated else 1)
            added.type = getattr(added, f"TYPE_{kind}", added.TYPE_MESSAGE)
            if added.type == added.TYPE_MESSAGE:
                added.type_name = f".weights.{kind}"

    define("Shape", dim=(1, "INT64", True))
    define(
        "Blob",
        num=(1, "INT32", False),
        channels=(2, "INT32", False),
        height=(3, "INT32", False),
        width=(4, "INT32", False),
        data=(5, "FLOAT", True),
        shape=(7, "Shape", False),
        double_data=(8, "DOUBLE", True),
        raw_type=(10, "INT32", False),
        raw_data=(11, "BYTES", False),
    )
    define("Layer", name=(1, "BYTES", False), blobs=(7, "Blob", True))
    define("Net", layers=(2, "BYTES", True), layer=(100, "Layer", True))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("weights.Net"))


def outcomes(attempt: Callable, count: int, seed: int, most: int) -> Iterator[object]:
    """Results of `count` attempts, None for a UsageError; each allocates at most `most` bytes."""
    random = np.random.default_rng(seed)
    tracemalloc.start()
    try:
        for _ in range(count):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try:
                result = attempt(random)
            except UsageError:
                result = None
            assert tracemalloc.get_traced_memory()[1] - before < most
            yield result
    finally:
        tracemalloc.stop()


def test_damaged_caffemodels_are_refused_or_read_as_protobuf_reads_them(files, net_parameter):
    places = structure(files.caffemodel)

    def attempt(random: np.random.Generator):
        data = damaged(files.caffemodel, places, random)
        return data, parse_caffemodel(data)

    read = 0
    for result in outcomes(attempt, 1300, 1, most=4 * len(files.caffemodel) + 2_000_000):
        if result is None:
            continue
        read += 1
        data, weights = result
        expected = {layer.name: layer.blobs for layer in net_parameter.FromString(data).layer if layer.blobs}
        assert [name.encode() for name in weights] == list(expected)
        for blobs, others in zip(weights.values(), expected.values(), strict=True):
            for blob, other in zip(blobs, others, strict=True):
                values = other.double_data if len(other.double_data) else other.data
                if not other.HasField("raw_data"):
                    assert blob.values.tobytes() == np.array(values, blob.values.dtype).tobytes()
    assert 50 < read < 1250


def test_damaged_legacy_files_are_refused_or_come_back_byte_by_byte(files):
    slots = _slots(files.prototxt)
    places = np.arange(4 * len(slots) + 200)

    def attempt(random: np.random.Generator):
        data = damaged(files.net, places, random)
        return data, decode(data, slots)

    read = 0
    for result in outcomes(attempt, 500, 2, most=20 * len(files.net) + 2_000_000):
        if result is not None:
            read += 1
            assert encode(result[1]) == result[0]
    assert 5 < read < 495


def changed_text(text: str, random: np.random.Generator) -> str:
    """Prototxt text with one to three tokens, lines or characters changed."""
    for _ in range(random.integers(1, 4)):
        tokens = re.findall(r'"[^"]*"|[\w.]+|\s+|.', text)
        place = int(random.integers(len(tokens)))
        match random.integers(5):
            case 0:
                numbers = [index for index, token in enumerate(tokens) if token[0].isdigit()] or [place]
                tokens[int(random.choice(numbers))] = str(random.choice(EXTREMES))
            case 1:
                tokens[place] = tokens[int(random.integers(len(tokens)))]
            case 2:
                del tokens[place]
            case 3:
                tokens[place : place + 1] = tokens[place : place + int(random.integers(2, 30))] * 2
            case _:
                tokens[place] = chr(random.integers(1, 300))
        text = "".join(tokens) or " "
    return text


def test_damaged_prototxts_are_refused_or_planned(files):
    stored = parse_caffemodel(files.caffemodel)

    def attempt(random: np.random.Generator):
        network = build_network(parse_prototxt(changed_text(files.prototxt, random)))
        steps = plan(network)
        return network, steps, match(steps, stored).arrays

    survivors = [result for result in outcomes(attempt, 250, 3, most=20_000_000) if result is not None]
    assert 10 < len(survivors) < 240
    for network, steps, arrays in survivors[:: len(survivors) // 10]:
        _, rows = build_model(network, steps, arrays)
        known = dict(network.inputs)
        for step, row in zip(steps, rows, strict=True):
            shapes = step.rule.shapes([known[bottom] for bottom in step.bottoms]).tops
            known.update(zip(step.tops, shapes, strict=True))
            assert [(s[-1], *s[:-1]) if len(s) == 3 else s for s in row.shapes] == shapes


def test_random_bytes_are_no_caffemodel():
    random = np.random.default_rng(4)
    for _ in range(500):
        with pytest.raises(CaffeError):
            parse_caffemodel(random.bytes(int(random.integers(0, 400))))
