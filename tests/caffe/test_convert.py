"""Two files to one model; and the published SqueezeNet on real images against OpenCV's Caffe runtime."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.caffe.convert import Conversion, convert
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.transfer import copy_weights
from dsd_tf.data.caffe_preprocessing import MEANS_BGR, preprocess
from dsd_tf.models.build import ModelOptions, build_model

TEXT = """layer { name: "data" type: "Data" top: "data" top: "label"
                  transform_param { crop_size: 4 mean_value: [1, 2, 3] } }
layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 2 kernel_size: 4 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "c" bottom: "label" top: "loss" }
"""


def test_what_was_left_out_is_listed(tmp_path, writer, make_arrays):
    prototxt, weights = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    prototxt.write_text(TEXT)
    weights.write_bytes(writer.net(make_arrays(TEXT) | {"aux": [np.ones(2, np.float32)]}))
    conversion = convert(prototxt, weights)
    assert [item.name for item in conversion.ignored] == ["data", "loss", "aux"]
    assert conversion.ignored[-1].reason == "no layer of the inference network has this name"
    assert conversion.means == (1, 2, 3)
    assert conversion.model.output.shape == (None, 2)


def test_files_that_do_not_belong_together_are_refused(tmp_path, writer):
    prototxt, weights = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    prototxt.write_text(TEXT)
    weights.write_bytes(writer.net({"conv10": [np.ones(2, np.float32)]}))
    with pytest.raises(CaffeError, match="no weights for 'c'; it has weights for 'conv10'"):
        convert(prototxt, weights)


@pytest.fixture(scope="module")
def squeezenet(real_data) -> Conversion:
    place = real_data / "squeezenet"
    return convert(place / "trainval.prototxt", place / "squeezenet_v1.0_deep_compression.caffemodel")


@pytest.fixture(scope="module")
def crops(real_data):
    with np.load(real_data / "squeezenet" / "opencv_reference_crops.npz") as stored:
        return stored["crops_bgr"].astype(np.float32) - np.float32(MEANS_BGR), stored["logits"]


def test_squeezenet_has_its_published_size(squeezenet):
    assert squeezenet.model.count_params() == 1_248_424
    assert sum(row.parameters for row in squeezenet.rows) == 1_248_424
    assert squeezenet.model.input.shape == (None, 227, 227, 3)
    assert squeezenet.means == MEANS_BGR
    assert {(item.kind, item.name) for item in squeezenet.ignored} == {
        ("Data", "data"),
        ("SoftmaxWithLoss", "loss"),
        ("Accuracy", "accuracy_top1"),
        ("Accuracy", "accuracy_top5"),
    }


def test_squeezenet_computes_opencvs_logits_on_the_stored_crops(squeezenet, crops):
    images, logits = crops
    assert np.abs(squeezenet.model(images).numpy() - logits).max() < 1e-5 * logits.max()


def test_the_model_in_code_is_the_converted_one(squeezenet, crops):
    model = build_model("squeezenet_v1_0", (227, 227, 3), 1000, ModelOptions(), seed=0)
    copy_weights(squeezenet.model, model)
    images, _ = crops
    assert (model(images).numpy() == squeezenet.model(images).numpy()).all()


def test_squeezenet_classifies_the_sample_photographs_as_opencv_does(squeezenet, real_data):
    place = real_data / "squeezenet"
    with np.load(place / "opencv_reference_logits.npz") as stored:
        files, labels, expected = stored["files"], stored["class_index"], stored["logits"]
    paths = [next(place.glob(f"imagenet_sample/val/*/{file}")) for file in files]
    mean = np.array(squeezenet.means)
    images = np.stack([preprocess(tf.constant(path.read_bytes()), 227, 227, mean) for path in paths])
    logits = squeezenet.model.predict(images, batch_size=25, verbose=0)
    assert np.abs(logits - expected).max() < 1e-3
    better = (logits > logits[np.arange(100), labels][:, None]).sum(axis=1)
    assert (better < 1).sum() == 64
    assert (better < 5).sum() == 86
