"""Weights from one model to another of the same layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.transfer import copy_weights


def model(names: dict[str, int]) -> keras.Model:
    inputs = keras.Input((4, 4, 2))
    x = inputs
    for name, filters in names.items():
        x = keras.layers.Conv2D(filters, 1, name=name, bias_initializer="ones")(x)
    return keras.Model(inputs, x)


SONGHAN = {"conv1": 3, "fire2_conv1x1_1": 2, "fire2_conv1x1_2": 4, "fire9_conv3x3_2": 5, "conv_final": 6}
FORRESTI = {"conv1": 3, "fire2_squeeze1x1": 2, "fire2_expand1x1": 4, "fire9_expand3x3": 5, "conv10": 6}


@pytest.mark.parametrize(("source", "target"), [(SONGHAN, FORRESTI), (FORRESTI, SONGHAN), (SONGHAN, SONGHAN)])
def test_both_naming_schemes_of_squeezenet_are_understood(source, target):
    given, wanted = model(source), model(target)
    copy_weights(given, wanted)
    x = np.random.default_rng(0).normal(0, 1, (2, 4, 4, 2)).astype(np.float32)
    assert (given(x).numpy() == wanted(x).numpy()).all()


def test_a_layer_that_one_model_lacks_is_named():
    with pytest.raises(CaffeError, match="differ in their layers with weights: a, b"):
        copy_weights(model({"a": 1, "c": 1}), model({"b": 1, "c": 1}))


def test_other_shapes_are_refused_before_anything_changes():
    target = model({"a": 2, "conv10": 3})
    before = target.get_weights()
    with pytest.raises(CaffeError, match="layer 'conv10' has weights"):
        copy_weights(model({"a": 2, "conv10": 4}), target)
    assert all((a == b).all() for a, b in zip(before, target.get_weights(), strict=True))


def test_a_grouped_caffe_alexnet_is_the_model_in_code(converted, make_arrays, writer):
    from dsd_tf.models.build import ModelOptions, build_model

    text = """input: "data" input_dim: [1, 3, 67, 67]
    layer { name: "conv1" type: "Convolution" bottom: "data" top: "a"
            convolution_param { num_output: 4 kernel_size: 11 stride: 4 } }
    layer { name: "r1" type: "ReLU" bottom: "a" top: "a" }
    layer { name: "n1" type: "LRN" bottom: "a" top: "n" lrn_param { local_size: 5 alpha: 0.0001 } }
    layer { name: "p1" type: "Pooling" bottom: "n" top: "b" pooling_param { kernel_size: 3 stride: 2 } }
    layer { name: "conv2" type: "Convolution" bottom: "b" top: "b2"
            convolution_param { num_output: 12 kernel_size: 5 pad: 2 group: 2 } }
    layer { name: "r2" type: "ReLU" bottom: "b2" top: "b2" }
    layer { name: "n2" type: "LRN" bottom: "b2" top: "n2" lrn_param { local_size: 5 alpha: 0.0001 } }
    layer { name: "p2" type: "Pooling" bottom: "n2" top: "c" pooling_param { kernel_size: 3 stride: 2 } }
    layer { name: "conv3" type: "Convolution" bottom: "c" top: "c3"
            convolution_param { num_output: 20 kernel_size: 3 pad: 1 } }
    layer { name: "r3" type: "ReLU" bottom: "c3" top: "c3" }
    layer { name: "conv4" type: "Convolution" bottom: "c3" top: "c4"
            convolution_param { num_output: 20 kernel_size: 3 pad: 1 group: 2 } }
    layer { name: "r4" type: "ReLU" bottom: "c4" top: "c4" }
    layer { name: "conv5" type: "Convolution" bottom: "c4" top: "c5"
            convolution_param { num_output: 12 kernel_size: 3 pad: 1 group: 2 } }
    layer { name: "r5" type: "ReLU" bottom: "c5" top: "c5" }
    layer { name: "p5" type: "Pooling" bottom: "c5" top: "p5" pooling_param { kernel_size: 3 stride: 2 } }
    layer { name: "fc6" type: "InnerProduct" bottom: "p5" top: "f6" inner_product_param { num_output: 205 } }
    layer { name: "r6" type: "ReLU" bottom: "f6" top: "f6" }
    layer { name: "fc7" type: "InnerProduct" bottom: "f6" top: "f7" inner_product_param { num_output: 205 } }
    layer { name: "r7" type: "ReLU" bottom: "f7" top: "f7" }
    layer { name: "fc8" type: "InnerProduct" bottom: "f7" top: "f8"
            inner_product_param { num_output: 10 } }"""
    source = converted(text, writer.net(make_arrays(text)))
    target = build_model("alexnet_bvlc", (67, 67, 3), 10, ModelOptions(width=0.05), 0)
    copy_weights(source, target)
    images = np.random.default_rng(0).normal(0, 50, (2, 67, 67, 3)).astype(np.float32)
    np.testing.assert_allclose(target(images).numpy(), source(images).numpy(), rtol=1e-5)
