"""LiteRT: the same numbers as the model, sparse kernels stored as such."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.digits import Digits
from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.export import litert

pytestmark = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")


def run(path, images):
    interpreter = tf.lite.Interpreter(str(path))
    (image,), (logits,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(image["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(image["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(logits["index"])


def test_the_exported_run_gives_the_logits_and_the_accuracy_of_its_network(exports, finished_run):
    test = Digits().read("test", np.arange(360))
    images = test.images.astype(np.float32) / 255
    finished = FinishedRun(finished_run)
    logits = run(exports["litert"]["path"], images)
    np.testing.assert_allclose(logits, finished.network()(images, training=False), rtol=0, atol=1e-5)
    assert np.mean(np.argmax(logits, axis=1) == test.labels) == finished.record()["test"]["top1"]


def test_convolution_and_batch_norm_give_the_same_logits_too(tmp_path, model, pixels):
    litert.export(model, tmp_path / "net.tflite")
    for images in (pixels, pixels[:1]):
        expected = model(images, training=False)
        np.testing.assert_allclose(run(tmp_path / "net.tflite", images), expected, rtol=0, atol=1e-5)


def test_nine_tenths_zeros_make_the_file_less_than_half_of_the_dense_weights(tmp_path, model):
    litert.export(model, tmp_path / "net.tflite")
    dense = sum(weight.numpy().nbytes for weight in model.weights)
    assert (tmp_path / "net.tflite").stat().st_size < dense / 2


def test_a_dense_network_is_stored_dense(tmp_path, model):
    kernel = model.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(2).normal(size=kernel.shape))
    litert.export(model, tmp_path / "net.tflite")
    size = (tmp_path / "net.tflite").stat().st_size
    assert kernel.numpy().nbytes < size < kernel.numpy().nbytes + 10_000


def test_a_name_without_the_ending_is_refused(tmp_path, model):
    with pytest.raises(UsageError, match="README.md must end in .tflite"):
        litert.export(model, tmp_path / "README.md")


def test_a_full_disk_leaves_the_previous_file_intact(tmp_path, model, file_size_limit):
    path = tmp_path / "net.tflite"
    path.write_bytes(b"before")
    with file_size_limit(1_000), pytest.raises(UsageError, match="cannot write .*net.tflite.* intact"):
        litert.export(model, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
