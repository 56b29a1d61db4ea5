"""Groups against an explicit division of the channels."""

from __future__ import annotations

import keras
import numpy as np


def test_two_groups_are_two_convolutions_side_by_side(converted, writer):
    random = np.random.default_rng(0)
    images = random.normal(0, 1, (3, 6, 6, 4)).astype(np.float32)
    kernel, bias = (random.normal(0, 1, shape).astype(np.float32) for shape in ((6, 2, 3, 3), (6,)))
    text = """input: "data" input_dim: [1, 4, 6, 6] layer { name: "c" type: "Convolution" bottom: "data" top: "c"
              convolution_param { num_output: 6 kernel_size: 3 group: 2 } }"""
    expected = [
        keras.ops.conv(
            images[..., 2 * g : 2 * g + 2], kernel[3 * g : 3 * g + 3].transpose(2, 3, 1, 0), padding="valid"
        )
        for g in (0, 1)
    ]
    found = converted(text, writer.net({"c": [kernel, bias]}))(images).numpy()
    np.testing.assert_allclose(found, np.concatenate(expected, axis=-1) + bias, rtol=1e-5, atol=1e-5)
