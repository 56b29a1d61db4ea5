"""Groups against an explicit division of the channels."""

from __future__ import annotations

import keras
import numpy as np
import pytest

PARITY = {
    "convolution": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 5
            kernel_size: 3 } }
    """,
    "convolution with stride and pad": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 5
            kernel_size: 3 stride: 2 pad: 1 } }
    """,
    "convolution with unequal pads, kernel and strides": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 5
            kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 3 pad_h: 2 pad_w: 0 } }
    """,
    "padded 1x1 convolution": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 5
            kernel_size: 1 pad: 1 } }
    """,
    "convolution in two groups": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 6
            kernel_size: 3 pad: 1 group: 2 } }
    """,
    "depthwise convolution": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 8
            kernel_size: 3 stride: 2 group: 4 bias_term: false } }
    """,
    "depthwise convolution with unequal strides": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4
            kernel_size: 3 stride_h: 2 stride_w: 1 group: 4 } }
    """,
    "dilated convolution": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 5
            kernel_size: 3 dilation: 2 pad: 2 } }
    """,
    "dilated convolution with stride": """
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 5
            kernel_size: 3 dilation: 2 stride: 2 pad: 1 } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)


def test_two_groups_are_two_convolutions_side_by_side(converted, writer):
    random = np.random.default_rng(0)
    images = random.normal(0, 1, (3, 6, 6, 4)).astype(np.float32)
    kernel, bias = (random.normal(0, 1, shape).astype(np.float32) for shape in ((6, 2, 3, 3), (6,)))
    text = """input: "data" input_dim: [1, 4, 6, 6]
              layer { name: "c" type: "Convolution" bottom: "data" top: "c"
              convolution_param { num_output: 6 kernel_size: 3 group: 2 } }"""
    expected = [
        keras.ops.conv(images[..., 2 * g : 2 * g + 2], kernel[3 * g : 3 * g + 3].transpose(2, 3, 1, 0), padding="valid")
        for g in (0, 1)
    ]
    found = converted(text, writer.net({"c": [kernel, bias]}))(images).numpy()
    np.testing.assert_allclose(found, np.concatenate(expected, axis=-1) + bias, rtol=1e-5, atol=1e-5)
