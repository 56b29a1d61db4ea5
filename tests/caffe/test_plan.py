"""Shapes of every layer, known before any weight exists, and what does not fit."""

from __future__ import annotations

import pytest

from dsd_tf.caffe.errors import CaffeError

INPUT = 'input: "data" input_dim: [1, 4, 5, 7]\n'


def layer(kind: str, parameters: str = "", bottoms: str = "data", tops: str = "out") -> str:
    ends = [f'{side}: "{blob}"' for side, blobs in (("bottom", bottoms), ("top", tops)) for blob in blobs.split()]
    return f'layer {{ name: "it" type: "{kind}" {" ".join(ends)} {parameters} }}\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (layer("Convolution"), "kernel_size needs one value"),
        (layer("Convolution", "convolution_param { kernel_size: 3 }"), "num_output 0 must be positive"),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_size: 0 }"),
            "kernel_size must be from 1",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_size: 6 }"),
            r"the kernel spans \(6, 6\)",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_h: 2 }"),
            "give kernel_size, or both",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_size: 3 kernel_h: 2 kernel_w: 2 }"),
            "give kernel_size, or both",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_size: [1, 2, 3] }"),
            "one value, or two",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 3 kernel_size: 1 group: 2 }"),
            "multiples of group 2",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 3 kernel_size: 1 group: 3 }"),
            "the 4 input channels",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 3 kernel_size: 1 axis: 2 }"),
            "axis must be 1",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_size: 1 }", "data data"),
            "one bottom and one top are supported, found 2 and 1",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2147483647 kernel_size: 1 }"),
            "more than the 2\\*\\*31 - 1 numbers",
        ),
        (
            layer("Deconvolution", "convolution_param { num_output: 2 kernel_size: 1 pad: 9 }"),
            r"pad \(9, 9\) crops everything",
        ),
        (
            layer("Deconvolution", "convolution_param { num_output: 2 kernel_size: 3 stride: 2 dilation: 2 }"),
            "both stride and dilation is not supported",
        ),
        (layer("Pooling"), "kernel_size needs one value"),
        (
            layer("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 }"),
            "STOCHASTIC pooling is not supported",
        ),
        (layer("Pooling", "pooling_param { kernel_size: 2 pad: 2 }"), "lie outside an input"),
        (layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 }", tops="a b"), "found 1 and 2"),
        (layer("LRN", "lrn_param { local_size: 4 }"), "local_size must be odd and at most 255, not 4"),
        (layer("LRN", "lrn_param { local_size: 2147483647 }"), "at most 255, not 2147483647"),
        (layer("LRN", "lrn_param { k: 0 }"), "k must be positive"),
        (layer("InnerProduct"), "num_output 0 must be positive and axis 1"),
        (layer("InnerProduct", "inner_product_param { num_output: 2 axis: 2 }"), "positive and axis 1"),
        (
            layer("InnerProduct", "inner_product_param { num_output: 2 axis: 7 }"),
            "axis 7 is the batch or does not",
        ),
        (layer("BatchNorm", "batch_norm_param { eps: 0 }"), "eps must be positive"),
        (layer("Scale", "scale_param { axis: 2 }"), "only one value for every channel"),
        (layer("Scale", "", "data data"), "found 2 and 1"),
        (layer("Bias", "bias_param { num_axes: 2 }"), "only one value for every channel"),
        (layer("ReLU", "relu_param { negative_slope: -1 }"), "negative_slope must be from 0"),
        (layer("Dropout", "dropout_param { dropout_ratio: 1.5 }"), "dropout_ratio must be from 0 to 1"),
        (layer("Softmax", "softmax_param { axis: 0 }"), "axis 0 is the batch"),
        (layer("Concat", "concat_param { axis: 0 }", "data data"), "axis 0 is the batch"),
        (
            layer("InnerProduct", "inner_product_param { num_output: 2 }", tops="v") + layer("Concat", "", "data v"),
            "differ in more than axis 1",
        ),
        (layer("Eltwise"), "two or more bottoms of one shape"),
        (layer("Eltwise", "eltwise_param { coeff: 1 }", "data data"), "needs one value for every bottom"),
        (
            layer("Eltwise", "eltwise_param { operation: MAX coeff: [1, 2] }", "data data"),
            "coeff is for operation SUM",
        ),
        (layer("Slice", "slice_param { slice_point: 4 }", tops="a b"), "slice_point must give one part"),
        (
            layer("Slice", "slice_param { slice_point: [3, 2] }", tops="a b c"),
            "slice_point must give one part",
        ),
        (layer("Slice", "", tops="a b c"), "slice_point must give one part"),
        (layer("Flatten", "flatten_param { axis: 2 }"), "only flattening of everything but the batch"),
        (layer("Reshape", "reshape_param { shape { dim: 0 dim: 3 } }"), "does not fit the 140 numbers"),
        (
            layer("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: -1 } }"),
            "does not say how to divide",
        ),
        (layer("Reshape", "reshape_param { shape { dim: 2 dim: 70 } }"), "begin with `dim: 0`"),
        (layer("Reshape"), "begin with `dim: 0`"),
    ],
)
def test_parameters_that_do_not_fit_are_named_with_their_layer(plan_text, text, problem):
    with pytest.raises(CaffeError, match=problem):
        plan_text(INPUT + text)


def test_an_unsupported_layer_is_named_with_its_type_and_place(plan_text):
    with pytest.raises(
        CaffeError, match=r"2:1: layer 'it' \(Convolutions\): unknown layer type 'Convolutions'; did you"
    ):
        plan_text(INPUT + layer("Convolutions"))


def test_an_unsupported_layer_that_no_output_needs_does_no_harm(plan_text):
    text = layer("ArgMax", tops="a") + 'layer { type: "Silence" bottom: "a" }' + layer("ReLU")
    _, steps = plan_text(INPUT + text)
    assert [step.layers[0].kind for step in steps] == ["ReLU"]


BATCH_NORM = layer("BatchNorm", tops="n")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (BATCH_NORM + layer("Scale", "", "n"), [("BatchNorm", "Scale")]),
        (layer("BatchNorm", tops="data") + layer("Scale", "", "data", "data"), [("BatchNorm", "Scale")]),
        (BATCH_NORM + layer("ReLU", "", "n"), [("BatchNorm",), ("ReLU",)]),
        (
            BATCH_NORM + layer("Scale", "", "n", "s") + layer("Eltwise", "", "n s"),
            [("BatchNorm",), ("Scale",), ("Eltwise",)],
        ),
        (layer("ReLU", tops="n") + layer("Scale", "", "n"), [("ReLU",), ("Scale",)]),
    ],
)
def test_a_batch_norm_merges_with_a_scale_that_alone_reads_it(plan_text, text, kinds):
    _, steps = plan_text(INPUT + text)
    assert [tuple(part.kind for part in step.layers) for step in steps] == kinds
