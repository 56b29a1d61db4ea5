"""Built models: names, tables, and files that plain Keras and plain TensorFlow load."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from dsd_tf.caffe.build import build_model
from dsd_tf.caffe.caffemodel import parse_caffemodel
from dsd_tf.caffe.weights import match
from dsd_tf.export import keras_file, savedmodel

EVERYTHING = """name: "all of it"
input: "data" input_dim: [1, 4, 13, 10]
layer { name: "a/conv" type: "Convolution" bottom: "data" top: "x"
        convolution_param { num_output: 8 kernel_size: 3 pad: 2 stride: 2 group: 2 } }
layer { name: "a/bn" type: "BatchNorm" bottom: "x" top: "x" }
layer { name: "a/scale" type: "Scale" bottom: "x" top: "x" scale_param { bias_term: true } }
layer { name: "prelu" type: "PReLU" bottom: "x" top: "x" }
layer { name: "lrn" type: "LRN" bottom: "x" top: "n" lrn_param { alpha: 0.1 } }
layer { name: "within" type: "LRN" bottom: "n" top: "w" lrn_param { local_size: 3 alpha: 1 norm_region: 1 } }
layer { name: "pool" type: "Pooling" bottom: "w" top: "p" pooling_param { kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "mean" type: "Pooling" bottom: "w" top: "m"
        pooling_param { pool: AVE kernel_size: 4 stride: 3 pad: 1 } }
layer { name: "deconv" type: "Deconvolution" bottom: "m" top: "d"
        convolution_param { num_output: 4 kernel_size: 2 stride: 3 } }
layer { name: "slice" type: "Slice" bottom: "p" top: "s1" top: "s2" slice_param { slice_point: 3 } }
layer { name: "elu" type: "ELU" bottom: "s1" top: "s1" }
layer { name: "power" type: "Power" bottom: "s2" top: "s2" power_param { power: 2 scale: 0.5 shift: 1 } }
layer { name: "cat" type: "Concat" bottom: "s2" bottom: "s1" top: "c" }
layer { name: "depthwise" type: "Convolution" bottom: "c" top: "e"
        convolution_param { num_output: 8 kernel_size: 3 pad: 1 group: 8 } }
layer { name: "sum" type: "Eltwise" bottom: "e" bottom: "p" top: "sum"
        eltwise_param { coeff: 1 coeff: -0.5 } }
layer { name: "bias" type: "Bias" bottom: "sum" top: "sum" }
layer { name: "drop" type: "Dropout" bottom: "sum" top: "sum" }
layer { name: "flatten" type: "Flatten" bottom: "sum" top: "f" }
layer { name: "fc" type: "InnerProduct" bottom: "f" top: "fc" inner_product_param { num_output: 6 } }
layer { name: "scale" type: "Scale" bottom: "fc" top: "fc" }
layer { name: "reshape" type: "Reshape" bottom: "d" top: "r" reshape_param { shape { dim: 0 dim: -1 } } }
layer { name: "fc2" type: "InnerProduct" bottom: "r" top: "fc2"
        inner_product_param { num_output: 6 bias_term: false } }
layer { name: "max" type: "Eltwise" bottom: "fc" bottom: "fc2" top: "out" eltwise_param { operation: MAX } }
layer { name: "prob" type: "Softmax" bottom: "out" top: "prob" }
"""
LOADER = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, tensorflow as tf
x = np.load("x.npy")
y = keras.saving.load_model("m.keras")(x).numpy()
loaded = tf.saved_model.load("m")
z = loaded.serve(x).numpy()
np.save("y.npy", [y, z])
print([name for name in sys.modules if name.startswith("dsd_tf")])
"""


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(3).normal(0, 1, (2, 13, 10, 4)).astype(np.float32)


def test_files_load_in_a_process_that_does_not_know_this_project(converted, images, tmp_path):
    model = converted(EVERYTHING)
    keras_file.export(model, tmp_path / "m.keras")
    savedmodel.export(model, tmp_path / "m")
    np.save(tmp_path / "x.npy", images)
    command = [sys.executable, "-I", "-c", LOADER]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr
    expected = model(images).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), [expected, expected], rtol=1e-5, atol=1e-6)


def test_everything_together_is_what_opencv_computes(converted, opencv, make_arrays, writer, images):
    # OpenCV has no Bias layer, and a Scale without bias behind an inner product trips it up
    without = [line for line in EVERYTHING.splitlines() if '"bias"' not in line and 'name: "scale"' not in line]
    text = "\n".join(without)
    arrays = make_arrays(text)
    expected = opencv(text, arrays, {"data": images.transpose(0, 3, 1, 2).copy()})
    found = converted(text, writer.net(arrays))(images).numpy()
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-4, atol=1e-5)


def test_a_converted_model_can_be_trained(converted, images):
    model = converted(EVERYTHING)
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = [weight.copy() for weight in model.get_weights()]
    history = model.fit(images, np.array([1, 4]), epochs=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_the_configuration_names_keras_own_initialisers(converted):
    config = converted(EVERYTHING).get_layer("fc").get_config()
    assert config["kernel_initializer"]["class_name"] == "GlorotUniform"
    assert config["bias_initializer"]["class_name"] == "Zeros"


def test_rows_tell_what_became_of_each_layer(plan_text, make_arrays, writer):
    network, steps = plan_text(EVERYTHING)
    arrays = match(steps, parse_caffemodel(writer.net(make_arrays(EVERYTHING)))).arrays
    model, rows = build_model(network, steps, arrays)
    assert model.name == "all_of_it"
    assert sum(row.parameters for row in rows) == model.count_params()
    found = {row.caffe: (row.kind, row.keras, row.shapes, row.parameters) for row in rows}
    assert found["a/conv"] == (
        "Convolution",
        "ZeroPadding2D a_conv_pad, Functional a_conv",
        ((8, 6, 8),),
        8 * 2 * 9 + 8,
    )
    assert found["a/bn + a/scale"] == ("BatchNorm + Scale", "BatchNormalization a_bn", ((8, 6, 8),), 32)
    assert found["lrn"] == ("LRN", "Functional lrn", ((8, 6, 8),), 0)
    assert found["slice"][2] == ((5, 4, 3), (5, 4, 5))


def test_several_inputs_and_outputs_are_lists(converted):
    text = """input: "a" input: "b" input_dim: [1, 2, 3, 3, 1, 2, 3, 3]
    layer { name: "s" type: "Eltwise" bottom: "a" bottom: "b" top: "s" }
    layer { name: "m" type: "Eltwise" bottom: "a" bottom: "b" top: "m" eltwise_param { operation: MAX } }"""
    a, b = np.ones((1, 3, 3, 2), np.float32), np.full((1, 3, 3, 2), 2, np.float32)
    total, largest = converted(text)([a, b])
    assert (total.numpy() == 3).all()
    assert (largest.numpy() == 2).all()


def test_a_map_of_one_pixel_comes_out_as_a_vector(converted):
    text = """input: "a" input_dim: [1, 5, 3, 3]
    layer { name: "p" type: "Pooling" bottom: "a" top: "p"
            pooling_param { pool: AVE global_pooling: true } }"""
    assert converted(text).output.shape == (None, 5)


def test_layers_of_one_name_get_different_keras_names(converted):
    text = """input: "a" input_dim: [1, 5, 3, 3]
    layer { name: "r/x" type: "ReLU" bottom: "a" top: "b" }
    layer { name: "r_x" type: "TanH" bottom: "b" top: "c" }"""
    assert [layer.name for layer in converted(text).layers] == ["a", "r_x", "r_x_2"]


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("style", ["packed", "unpacked", "double", "raw float", "raw half"])
def test_every_file_format_gives_the_same_keras_weights(converted, writer, version, style):
    text = """input: "data" input_dim: [1, 3, 5, 5]
              layer { name: "c" type: "Convolution" bottom: "data" top: "c"
              convolution_param { num_output: 2 kernel_size: [2, 3] } }"""
    kernel = np.arange(36, dtype=np.float32).reshape(2, 3, 2, 3)
    arrays = {"c": [kernel, np.float32([5, 6])]}
    found = converted(text, writer.net(arrays, version, style, legacy=version < 2)).get_layer("c").get_weights()
    assert (found[0] == kernel.transpose(2, 3, 1, 0)).all()
    assert (found[1] == [5, 6]).all()
    assert isinstance(found[0], np.ndarray) and keras.backend.is_float_dtype(str(found[0].dtype))
