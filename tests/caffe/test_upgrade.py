"""V0 and V1 prototxts say the same as their V2 form."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.prototxt import parse_prototxt
from dsd_tf.caffe.upgrade import upgraded_layers

INPUT = 'input: "data" input_dim: 1 input_dim: 2 input_dim: 9 input_dim: 9\n'
V2 = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 group: 2 bias_term: false } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" lrn_param { local_size: 3 alpha: 0.1 beta: 0.5 } }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool"
        pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc" inner_product_param { num_output: 3 } }
layer { name: "drop" type: "Dropout" bottom: "fc" top: "fc" dropout_param { dropout_ratio: 0.4 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
V1 = """
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1 weight_decay: 0
         convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 group: 2 bias_term: false } }
layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
layers { name: "norm" type: LRN bottom: "conv" top: "norm" lrn_param { local_size: 3 alpha: 0.1 beta: 0.5 } }
layers { name: "pool" type: 17 bottom: "norm" top: "pool"
        pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layers { name: "fc" type: INNER_PRODUCT bottom: "pool" top: "fc" inner_product_param { num_output: 3 } }
layers { name: "drop" type: DROPOUT bottom: "fc" top: "fc" dropout_param { dropout_ratio: 0.4 } }
layers { name: "prob" type: SOFTMAX bottom: "fc" top: "prob" }
"""
V0 = """
layers { layer { name: "pad" type: "padding" pad: 1 } bottom: "data" top: "padded" }
layers { layer { name: "conv" type: "conv" num_output: 4 kernelsize: 3 stride: 2 group: 2 biasterm: false
                 weight_filler { type: "gaussian" } blobs_lr: 1 } bottom: "padded" top: "conv" }
layers { layer { name: "relu" type: "relu" } bottom: "conv" top: "conv" }
layers { layer { name: "norm" type: "lrn" local_size: 3 alpha: 0.1 beta: 0.5 } bottom: "conv" top: "norm" }
layers { layer { name: "pool" type: "pool" pool: AVE kernelsize: 2 stride: 2 } bottom: "norm" top: "pool" }
layers { layer { name: "fc" type: "innerproduct" num_output: 3 } bottom: "pool" top: "fc" }
layers { layer { name: "drop" type: "dropout" dropout_ratio: 0.4 } bottom: "fc" top: "fc" }
layers { layer { name: "prob" type: "softmax" } bottom: "fc" top: "prob" }
"""


@pytest.mark.parametrize("old", [V1, V0], ids=["V1", "V0"])
def test_an_old_network_is_the_new_one(old, converted, make_arrays, writer):
    data = writer.net(make_arrays(INPUT + V2))
    new_model, old_model = converted(INPUT + V2, data), converted(INPUT + old, data)
    assert [layer.name for layer in old_model.layers] == [layer.name for layer in new_model.layers]
    images = np.random.default_rng(2).normal(0, 1, (3, 9, 9, 2)).astype(np.float32)
    assert (old_model(images).numpy() == new_model(images).numpy()).all()


def test_a_padding_layer_serves_all_that_read_it(plan_text):
    text = (
        INPUT
        + """
    layers { layer { name: "pad" type: "padding" pad: 2 } bottom: "data" top: "padded" }
    layers { layer { name: "a" type: "conv" num_output: 1 kernelsize: 3 } bottom: "padded" top: "a" }
    layers { layer { name: "b" type: "pool" pool: MAX kernelsize: 3 } bottom: "padded" top: "b" }
    """
    )
    _, steps = plan_text(text)
    assert [step.rule.shapes([(2, 9, 9)]).tops for step in steps] == [[(1, 11, 11)], [(2, 11, 11)]]


def test_old_data_layers_move_their_transformation():
    v1 = 'layers { name: "d" type: DATA top: "data" data_param { crop_size: 5 source: "x" } }'
    v0 = 'layers { layer { name: "d" type: "data" cropsize: 5 meanfile: "m" } top: "data" }'
    for text in (v1, v0):
        (layer,) = upgraded_layers(parse_prototxt(text))
        assert layer.string("type") == "Data"
        assert layer.message("transform_param").integer("crop_size", 0) == 5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'layers { name: "a" type: CONVOLUTION }\nlayer { name: "b" type: "ReLU" }',
            "2:1: both `layer` and `layers`",
        ),
        ("layers { type: CONVOLUTIO }", "unknown type 'CONVOLUTIO'; did you mean 'CONVOLUTION'"),
        ('layers { layer { type: "con" } }', "unknown V0 layer type 'con'"),
        (
            'layers { layer { type: "padding" } bottom: "a" top: "b" } layers { layer { type: "relu" } bottom: "b" }',
            "only a convolution or a pool",
        ),
        ('layers { layer { type: "padding" } top: "b" }', "a padding layer has one bottom and one top"),
    ],
)
def test_what_no_caffe_would_upgrade_is_refused(text, problem):
    with pytest.raises(CaffeError, match=problem):
        upgraded_layers(parse_prototxt(text, "f"))
