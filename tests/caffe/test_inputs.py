"""Where data enters, in all the ways that prototxts declare it."""

from __future__ import annotations

import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.network import build_network
from dsd_tf.caffe.prototxt import parse_prototxt

RELU = ' layer { name: "r" type: "ReLU" bottom: "data" top: "r" }'


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ('input: "data" input_dim: 1 input_dim: 3 input_dim: 5 input_dim: 7', (3, 5, 7)),
        ('input: "data" input_shape { dim: 10 dim: 3 dim: 5 dim: 7 }', (3, 5, 7)),
        ('input: "data" input_shape { dim: [10, 8] }', (8,)),
        (
            'layer { type: "Input" top: "data" input_param { shape: { dim: 10 dim: 3 dim: 5 dim: 7 } } }',
            (3, 5, 7),
        ),
        ('layer { type: "Data" top: "data" top: "label" transform_param { crop_size: 5 } }', (3, 5, 5)),
        (
            'layer { type: "ImageData" top: "data" transform_param { crop_size: 5 force_gray: true } }',
            (1, 5, 5),
        ),
        (
            'layer { type: "DummyData" top: "data" top: "label" '
            "dummy_data_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } shape { dim: 2 } } }",
            (3, 4, 5),
        ),
    ],
)
def test_every_declaration_gives_the_shape_of_one_example(text, shape):
    network = build_network(parse_prototxt(text + RELU))
    assert {value.name: found for value, found in network.inputs.items()} == {"data": shape}


def test_several_inputs_have_four_dims_each():
    text = """input: "data" input: "b" input_dim: [1, 3, 5, 7, 1, 2, 2, 2]
    layer { type: "Flatten" bottom: "b" top: "c" }"""
    network = build_network(parse_prototxt(text + RELU))
    assert list(network.inputs.values()) == [(3, 5, 7), (2, 2, 2)]


def test_the_data_layer_tells_the_means():
    text = 'layer { type: "Data" top: "data" transform_param { crop_size: 5 mean_value: [104, 117, 123] } }'
    assert build_network(parse_prototxt(text + RELU)).means == (104, 117, 123)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (RELU, "no earlier layer makes its bottom 'data'"),
        ('input: "data"' + RELU, "1 inputs but 0 input_shape"),
        ('input: "data" input_dim: 3' + RELU, "1 inputs need 4 input_dim"),
        ('input: "data" input_dim: 1 input_shape { }' + RELU, "both input_dim and input_shape"),
        ('input: "data" input_dim: [1, 0, 5, 7]' + RELU, "input_dim must be from 1"),
        ('input: "data" input_shape { dim: 3 }' + RELU, "a shape needs the batch size and at least one more"),
        (
            'layer { type: "Data" top: "data" }' + RELU,
            "does not tell its image size .*use the deploy prototxt",
        ),
        ('layer { type: "Input" top: "data" }' + RELU, "1 tops but 0 shapes"),
    ],
)
def test_incomplete_declarations_are_refused(text, problem):
    with pytest.raises(CaffeError, match=problem):
        build_network(parse_prototxt(text))
