"""Every supported layer on random weights against OpenCV's Caffe runtime, in Caffe's axis order."""

from __future__ import annotations

import numpy as np
import pytest

BODIES = {
    "convolution": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 5 kernel_size: 3 } }""",
    "convolution with stride and pad": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 5 kernel_size: 3 stride: 2 pad: 1 } }""",
    "convolution with unequal pads, kernel and strides": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 5 kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 3 pad_h: 2 pad_w: 0 } }""",
    "padded 1x1 convolution": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 5 kernel_size: 1 pad: 1 } }""",
    "convolution in two groups": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 6 kernel_size: 3 pad: 1 group: 2 } }""",
    "depthwise convolution": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 8 kernel_size: 3 stride: 2 group: 4 bias_term: false } }""",
    "depthwise convolution with unequal strides": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 4 kernel_size: 3 stride_h: 2 stride_w: 1 group: 4 } }""",
    "dilated convolution": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 5 kernel_size: 3 dilation: 2 pad: 2 } }""",
    "dilated convolution with stride": """layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 5 kernel_size: 3 dilation: 2 stride: 2 pad: 1 } }""",
    "deconvolution": """layer { name: "d" type: "Deconvolution" bottom: "data" top: "d"
        convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 } }""",
    "deconvolution in groups": """layer { name: "d" type: "Deconvolution" bottom: "data" top: "d"
        convolution_param { num_output: 4 kernel_size: 3 stride: 2 group: 2 bias_term: false } }""",
    "deconvolution with a stride longer than its kernel": """layer { name: "d" type: "Deconvolution" bottom: "data"
        top: "d" convolution_param { num_output: 3 kernel_size: 2 stride: 3 } }""",
    "max pool": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: MAX kernel_size: 3 stride: 2 } }""",
    "max pool with pad": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: MAX kernel_size: 3 stride: 2 pad: 1 } }""",
    "max pool with stride 1": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: MAX kernel_size: 3 pad: 1 } }""",
    "average pool": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: AVE kernel_size: 3 stride: 2 } }""",
    "average pool with pad": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }""",
    "average pool with stride 3": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: AVE kernel_size: 4 stride: 3 pad: 1 } }""",
    "global average pool": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: AVE global_pooling: true } }""",
    "global max pool": """layer { name: "p" type: "Pooling" bottom: "data" top: "p"
        pooling_param { pool: MAX global_pooling: true } }""",
    "lrn across channels": """layer { name: "n" type: "LRN" bottom: "data" top: "n"
        lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 } }""",
    "lrn across channels, other exponent": """layer { name: "n" type: "LRN" bottom: "data" top: "n"
        lrn_param { local_size: 5 alpha: 0.5 beta: 0.6 } }""",
    "lrn within a channel": """layer { name: "n" type: "LRN" bottom: "data" top: "n"
        lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 norm_region: WITHIN_CHANNEL } }""",
    "inner product of a map": """layer { name: "f" type: "InnerProduct" bottom: "data" top: "f"
        inner_product_param { num_output: 6 } }""",
    "inner product of a vector": """layer { name: "f" type: "InnerProduct" bottom: "data" top: "f"
        inner_product_param { num_output: 6 } }
        layer { name: "g" type: "InnerProduct" bottom: "f" top: "g"
        inner_product_param { num_output: 3 bias_term: false } }""",
    "relu": """layer { name: "r" type: "ReLU" bottom: "data" top: "data" }""",
    "leaky relu": """layer { name: "r" type: "ReLU" bottom: "data" top: "r" relu_param { negative_slope: 0.1 } }""",
    "prelu": """layer { name: "r" type: "PReLU" bottom: "data" top: "r" }""",
    "elu": """layer { name: "r" type: "ELU" bottom: "data" top: "r" elu_param { alpha: 0.7 } }""",
    "sigmoid": """layer { name: "s" type: "Sigmoid" bottom: "data" top: "s" }""",
    "tanh": """layer { name: "t" type: "TanH" bottom: "data" top: "t" }""",
    "power": """layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { power: 2 scale: 0.5 shift: 3 } }""",
    "softmax": """layer { name: "s" type: "Softmax" bottom: "data" top: "s" }""",
    "dropout": """layer { name: "d" type: "Dropout" bottom: "data" top: "data" dropout_param { dropout_ratio: 0.4 } }""",
    "batch norm": """layer { name: "b" type: "BatchNorm" bottom: "data" top: "b" }""",
    "batch norm and scale": """layer { name: "b" type: "BatchNorm" bottom: "data" top: "b" batch_norm_param { eps: 0.01 } }
        layer { name: "s" type: "Scale" bottom: "b" top: "b" scale_param { bias_term: true } }""",
    "scale alone": """layer { name: "s" type: "Scale" bottom: "data" top: "s" scale_param { bias_term: true } }""",
    "flatten": """layer { name: "f" type: "Flatten" bottom: "data" top: "f" }""",
    "flatten and inner product": """layer { name: "f" type: "Flatten" bottom: "data" top: "f" }
        layer { name: "g" type: "InnerProduct" bottom: "f" top: "g" inner_product_param { num_output: 3 } }""",
    "reshape": """layer { name: "r" type: "Reshape" bottom: "data" top: "r"
        reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 5 } } }""",
    "concat": """layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "c" type: "Concat" bottom: "data" bottom: "p" top: "c" }""",
    "concat of rows": """layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "c" type: "Concat" bottom: "data" bottom: "p" top: "c" concat_param { axis: 2 } }""",
    "weighted sum": """layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "e" type: "Eltwise" bottom: "data" bottom: "p" top: "e"
        eltwise_param { operation: SUM coeff: 0.5 coeff: -2 } }""",
    "product": """layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "e" type: "Eltwise" bottom: "data" bottom: "p" top: "e" eltwise_param { operation: PROD } }""",
    "maximum": """layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { scale: -1 } }
        layer { name: "e" type: "Eltwise" bottom: "data" bottom: "p" top: "e" eltwise_param { operation: MAX } }""",
    "slice and swap": """layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "b" slice_param { slice_point: 1 } }
        layer { name: "c" type: "Concat" bottom: "b" bottom: "a" top: "c" }""",
    "equal slices of rows": """layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "b" slice_param { axis: 3 } }
        layer { name: "e" type: "Eltwise" bottom: "a" bottom: "b" top: "e" }""",
}
HEADER = 'input: "data" input_dim: 2 input_dim: 4 input_dim: 7 input_dim: 10 '


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_layer_computes_what_opencv_computes(body, converted, opencv, make_arrays, writer):
    text = HEADER + body
    arrays = make_arrays(text)
    images = np.random.default_rng(1).normal(0, 1, (2, 4, 7, 10)).astype(np.float32)
    expected = opencv(text, arrays, {"data": images})
    found = converted(text, writer.net(arrays))(images.transpose(0, 2, 3, 1)).numpy()
    if found.ndim == 4:
        found = found.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-5, atol=1e-5)
