"""Deep-Compression files as weights of a Caffe network."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.caffe.convert import convert
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.compression.legacy import SharedWeights, Slot, encode
from dsd_tf.compression.legacy_weights import legacy_weights

TEXT = """input: "data" input_dim: [1, 2, 4, 4]
layer { name: "conv1" type: "Convolution" bottom: "data" top: "a"
        convolution_param { num_output: 3 kernel_size: 2 } }
layer { name: "relu_conv1" type: "ReLU" bottom: "a" top: "a" }
layer { name: "fc" type: "InnerProduct" bottom: "a" top: "b" inner_product_param { num_output: 4 } }
"""


def shared(name: str, shape: tuple[int, ...]) -> SharedWeights:
    slot = Slot(name, shape)
    codes = np.random.default_rng(0).integers(0, 1 << slot.bits, shape, np.uint8)
    return SharedWeights(slot, codes, np.arange(1 << slot.bits, dtype=np.float32), np.ones(shape[0], np.float32))


LAYERS = [shared("conv1", (3, 2, 2, 2)), shared("fc", (4, 27))]


@pytest.fixture
def files(tmp_path):
    prototxt, weights = tmp_path / "net.prototxt", tmp_path / "w.net"
    prototxt.write_text(TEXT)
    weights.write_bytes(encode(LAYERS))
    return prototxt, weights


def test_the_layers_of_a_file_become_a_model(files):
    model = convert(*files, legacy_weights).model
    kernel, bias = model.get_layer("conv1").get_weights()
    assert (kernel == LAYERS[0].weights.transpose(2, 3, 1, 0)).all()
    assert (bias == 1).all()
    dense = LAYERS[1].weights.reshape(4, 3, 3, 3).transpose(2, 3, 1, 0).reshape(27, 4)
    assert (model.get_layer("fc").get_weights()[0] == dense).all()


def test_a_damaged_file_is_named(files):
    prototxt, weights = files
    weights.write_bytes(weights.read_bytes()[:-3])
    with pytest.raises(CaffeError, match="w.net: the file ends inside 'fc'"):
        convert(prototxt, weights, legacy_weights)


@pytest.mark.parametrize(
    ("change", "layer"),
    [
        (('name: "conv1"', 'name: "first"'), "'first'"),
        (("kernel_size: 2", "kernel_size: 2 bias_term: false"), "'conv1'"),
    ],
)
def test_layers_that_such_a_file_cannot_hold_are_named(files, change, layer):
    prototxt, weights = files
    prototxt.write_text(TEXT.replace(*change))
    with pytest.raises(CaffeError, match=f"layer {layer} .*only holds convolutions and inner products with bias"):
        convert(prototxt, weights, legacy_weights)


def test_the_published_file_gives_the_weights_of_the_caffemodel(real_data):
    place = real_data / "squeezenet"
    prototxt = place / "deploy.prototxt"
    one = convert(prototxt, place / "squeezenet_v1.0_deep_compression.caffemodel").model
    other = convert(prototxt, place / "compressed_SqueezeNet.net", legacy_weights).model
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
