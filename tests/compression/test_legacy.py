"""The published Deep-Compression layout: hand-made bytes, damage, and byte-identical round trips."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.compression.legacy import SharedWeights, Slot, decode, encode, is_stored
from dsd_tf.errors import UsageError


def codebook(bits: int, **values: float) -> np.ndarray:
    book = np.zeros(1 << bits, np.float32)
    for code, value in values.items():
        book[int(code[1:])] = value
    return book


FC = Slot("fc", (1, 40))
BOOK = codebook(4, c1=0.5, c2=-1, c15=3)
# Entries: 1 at 0, filler at 16, 2 at 17, 15 at 33 (a gap of 15 with a code of its own).
CODES = np.zeros((1, 40), np.uint8)
CODES[0, [0, 17, 33]] = [1, 2, 15]
BYTES = (
    np.uint32(4).tobytes()
    + BOOK.tobytes()
    + np.float32([0.25]).tobytes()
    + bytes([0x01, 0xF2])  # codes 1, 0 and 2, 15: the low half of a byte is first
    + bytes([0xF0, 0xF0])  # gaps 0, 15 and 0, 15
)


def test_a_hand_made_layer_is_decoded():
    (layer,) = decode(BYTES, [FC])
    assert (layer.codes == CODES).all()
    assert layer.bias.tolist() == [0.25]
    assert layer.weights[0, [0, 1, 16, 17, 33, 39]].tolist() == [0.5, 0, 0, -1, 3, 0]


def test_a_hand_made_layer_is_encoded():
    assert encode([SharedWeights(FC, CODES, BOOK, np.float32([0.25]))]) == BYTES


def test_layers_follow_each_other_behind_one_header():
    conv = Slot("conv1", (2, 1, 1, 3))
    codes = np.array([[[[0, 200, 0]]], [[[7, 0, 0]]]], np.uint8)
    layers = [
        SharedWeights(conv, codes, codebook(8, c7=7, c200=2), np.float32([1, 2])),
        SharedWeights(FC, CODES, BOOK, np.float32([0.25])),
    ]
    data = encode(layers)
    assert data[:8] == np.array([2, 4], "<u4").tobytes()
    assert len(data) == 8 + (1024 + 8 + 2 + 1) + (64 + 4 + 2 + 2)
    decoded = decode(data, [conv, FC])
    assert (decoded[0].weights == [[[[0, 2, 0]]], [[[7, 0, 0]]]]).all()
    assert (decoded[1].codes == CODES).all()


@pytest.mark.parametrize(("zeros", "fillers"), [(15, 0), (16, 1), (31, 1), (32, 2)])
def test_sixteen_zeros_need_a_filler(zeros, fillers):
    slot = Slot("ip", (1, zeros + 2))
    codes = np.array([[1, *[0] * zeros, 1]], np.uint8)
    data = encode([SharedWeights(slot, codes, BOOK, np.float32([0]))])
    assert np.frombuffer(data, "<u4", 1)[0] == 2 + fillers
    assert (decode(data, [slot])[0].codes == codes).all()


def test_a_layer_of_zeros_has_no_entries():
    layer = SharedWeights(FC, np.zeros((1, 40), np.uint8), BOOK, np.float32([1]))
    data = encode([layer])
    assert len(data) == 4 + 64 + 4
    assert not decode(data, [FC])[0].codes.any()


@pytest.mark.parametrize(
    ("name", "stored"), [("conv1", True), ("fc6", True), ("ip2", True), ("clip_3", True), ("bn", False)]
)
def test_names_decide_what_is_stored(name, stored):
    assert is_stored(name) is stored


def changed(offset: int, *values: int) -> bytes:
    return BYTES[:offset] + bytes(values) + BYTES[offset + len(values) :]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file ends inside 'header': 4 bytes are needed, 0 are left"),
        (BYTES[:-1], "the file ends inside 'fc': 2 bytes are needed, 1 are left"),
        (BYTES + b"\0", "1 bytes are left behind the last layer"),
        (changed(0, 41), "layer 'fc': 41 stored entries, but only 40 weights"),
        (changed(0, 255, 255, 255, 255), "4294967295 stored entries"),
        (changed(4, 0, 0, 128, 63), "layer 'fc': codebook entry 0 must be 0, found 1.0"),
        (changed(8, 0, 0, 192, 127), "layer 'fc': a codebook or bias value is not finite"),
        (changed(4 + 64, 0, 0, 128, 127), "layer 'fc': a codebook or bias value is not finite"),
        (changed(72, 0x00), "layer 'fc': code 0 stands where no filler is needed"),
        (changed(73, 0x02), "layer 'fc': code 0 stands where no filler is needed"),
        (changed(75, 0xFF), "layer 'fc': an entry stands at 48, but there are only 40 weights"),
        (changed(0, 3)[:75] + b"\x10", "the unused half of the last byte is not zero"),
    ],
)
def test_damage_is_named(data, problem):
    with pytest.raises(UsageError, match=problem):
        decode(data, [FC])


@pytest.mark.parametrize(
    ("codes", "book"), [(np.full((1, 40), 16, np.uint8), BOOK), (CODES, BOOK[:8])], ids=["code", "codebook"]
)
def test_codes_must_fit_their_codebook(codes, book):
    with pytest.raises(UsageError, match="layer 'fc' needs codes below 16 and a codebook of that length"):
        encode([SharedWeights(FC, codes, book, np.float32([0]))])


@given(
    st.sampled_from(["conv", "fc"]).flatmap(
        lambda name: st.tuples(
            st.just(name),
            hnp.arrays(np.uint8, (2, 60), elements=st.just(0) | st.integers(0, 255 if name == "conv" else 15)),
        )
    )
)
def test_what_is_encoded_is_decoded(layer):
    name, codes = layer
    slot = Slot(name, codes.shape)
    book = np.arange(1 << slot.bits, dtype=np.float32)
    data = encode([SharedWeights(slot, codes, book, np.float32([1, 2]))])
    (decoded,) = decode(data, [slot])
    assert (decoded.codes == codes).all()
    assert (decoded.weights == codes).all()
    assert encode([decoded]) == data


@given(st.binary(max_size=120))
def test_random_bytes_are_refused_or_come_back(data):
    try:
        layers = decode(data, [FC])
    except UsageError:
        return
    assert encode(layers) == data


# Name, stored entries and fillers of the published SqueezeNet.
TABLE = {
    "conv1": (13_902, 0),
    "fire2/conv3x3_2": (3_073, 34),
    "fire6/conv3x3_2": (27_558, 233),
    "fire7/conv1x1_2": (9_132, 3),
    "fire9/conv1x1_1": (16_371, 1),
    "fire9/conv3x3_2": (45_038, 865),
    "conv_final": (105_973, 3_650),
}


@pytest.fixture(scope="module")
def published(real_data):
    from dsd_tf.caffe.network import build_network
    from dsd_tf.caffe.plan import plan
    from dsd_tf.caffe.prototxt import read_prototxt
    from dsd_tf.caffe.weights import weighted_layers

    place = real_data / "squeezenet"
    steps = plan(build_network(read_prototxt(place / "deploy.prototxt")))
    data = (place / "compressed_SqueezeNet.net").read_bytes()
    return data, decode(data, [Slot(layer.name, shapes[0]) for layer, shapes in weighted_layers(steps)])


def test_the_published_file_holds_the_published_weights(published):
    _, layers = published
    oihw, hwio = hashlib.sha256(), hashlib.sha256()
    for layer in layers:
        for digest, kernel in ((oihw, layer.weights), (hwio, layer.weights.transpose(2, 3, 1, 0))):
            digest.update(kernel.tobytes() + layer.bias.tobytes())
    assert oihw.hexdigest() == "5760c45770e3dd678a28d737d89dad7ea9138e3c5f8d3ec581db56431fe6f920"
    assert hwio.hexdigest() == "a603f8c31138886439e4bebe8d60b67e77a5ab4172e91ff08daf951320b2de9c"


def test_the_published_file_is_written_back_byte_by_byte(published):
    data, layers = published
    assert len(data) == 675_763
    assert encode(layers) == data


def test_the_published_layers_are_as_sparse_as_published(published):
    data, layers = published
    counts = np.frombuffer(data, "<u4", len(layers))
    found = {
        layer.slot.name: (int(count), int(count) - np.count_nonzero(layer.codes))
        for layer, count in zip(layers, counts, strict=True)
    }
    assert len(found) == 26
    assert {name: found[name] for name in TABLE} == TABLE
    assert sum(count for count, _ in found.values()) == 422_083
    assert sum(fillers for _, fillers in found.values()) == 6_162
