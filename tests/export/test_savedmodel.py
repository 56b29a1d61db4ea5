"""SavedModel: read without Keras and dsd_tf, small, whole or absent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.export import savedmodel
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions


@pytest.fixture(scope="module")
def found(exports):
    """What a process without dsd_tf finds in the SavedModel and the .keras file of the finished run."""
    script = Path(__file__).with_name("plain_reader.py")
    paths = [exports[name]["path"] for name in ("savedmodel", "keras")]
    done = subprocess.run([sys.executable, "-I", script, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["savedmodel", "keras"])
def test_a_process_without_dsd_tf_finds_the_reported_zeros_and_accuracy(found, exports, finished_run, name):
    record = FinishedRun(finished_run).record()
    kept = {kernel: exports[name]["zeros"][kernel] + count for kernel, count in record["kept_by_kernel"].items()}
    assert found[name]["zeros"] == exports[name]["zeros"]
    assert kept == {"hidden1/kernel": 64 * 60, "hidden2/kernel": 60 * 20, "logits/kernel": 20 * 10}
    assert sum(found[name]["zeros"].values()) == 5240 - 1310
    assert found[name]["accuracy"] == record["test"]["top1"]
    assert found[name]["modules"] == []


def test_all_ways_to_call_a_saved_model_agree_at_any_batch_size(found):
    assert found["savedmodel"]["signatures_agree"]
    assert found["savedmodel"]["one_image_agrees"]
    assert found["savedmodel"]["types"] == ["float32"]


def test_the_keras_file_brings_no_optimizer(found):
    assert found["keras"]["optimizer"] == "None"


def bytes_of(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def variables_of(model):
    return sum(weight.numpy().nbytes for weight in model.weights)


@pytest.mark.parametrize(("name", "shape"), [("lenet300", (28, 28, 1)), ("lenet5", (28, 28, 1))])
def test_a_saved_model_of_a_megabyte_is_at_most_two_per_cent_larger_than_its_variables(tmp_path, name, shape):
    model = build_model(name, shape, 10, ModelOptions(mean=(0.1307,), std=(0.3081,)), seed=0)
    savedmodel.export(model, tmp_path / "saved")
    assert bytes_of(tmp_path / "saved") <= 1.02 * variables_of(model)


def test_graph_and_names_of_a_small_resnet_take_at_most_250_kilobytes(tmp_path):
    model = build_model("resnet18", (32, 32, 3), 10, ModelOptions(width=0.1), seed=0)
    savedmodel.export(model, tmp_path / "saved")
    assert bytes_of(tmp_path / "saved") <= variables_of(model) + 250_000


def test_the_logits_are_those_of_the_model_in_inference(tmp_path, model, pixels):
    savedmodel.export(model, tmp_path / "saved")
    loaded, key = savedmodel.load(tmp_path / "saved")
    assert key == "serve"
    assert np.array_equal(loaded.serve(pixels), model(pixels, training=False))
    assert [weight.name for weight in loaded.weights] == [f"{weight.path}:0" for weight in model.weights]


def test_static_shapes_survive(tmp_path, model):
    savedmodel.export(model, tmp_path / "saved")
    loaded, _ = savedmodel.load(tmp_path / "saved")
    images = tf.TensorSpec([None, 8, 8, 1])
    calls = {name: lambda x, call=loaded.signatures[name]: call(images=x)["output_0"] for name in loaded.signatures}
    for call in (loaded.serve, *calls.values()):
        assert tf.function(call).get_concrete_function(images).outputs[0].shape.as_list() == [None, 10]


def test_sessions_of_tensorflow_1_as_servers_use_them_restore_and_run_it(tmp_path, model, pixels):
    savedmodel.export(model, tmp_path / "saved")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "saved"))
        signature = meta.signature_def["serving_default"]
        logits = session.run(signature.outputs["output_0"].name, {signature.inputs["images"].name: pixels})
    np.testing.assert_allclose(logits, model(pixels, training=False), atol=1e-6)


def test_several_inputs_and_outputs_keep_their_names(tmp_path):
    left, right = keras.Input((2,), name="left"), keras.Input((3,), name="right")
    both = keras.layers.concatenate([left, right])
    savedmodel.export(keras.Model([left, right], [both, left]), tmp_path / "saved")
    loaded, _ = savedmodel.load(tmp_path / "saved")
    outputs = loaded.signatures["serve"](left=tf.ones([1, 2]), right=tf.zeros([1, 3]))
    assert {name: value.numpy().tolist() for name, value in outputs.items()} == {
        "output_0": [[1, 1, 0, 0, 0]],
        "output_1": [[1, 1]],
    }


def test_a_saved_model_is_replaced_and_nothing_is_left_beside_it(tmp_path, model):
    path = tmp_path / "deep" / "saved"
    savedmodel.export(model, path)
    model.get_layer("logits").bias.assign(np.arange(10))
    savedmodel.export(model, path)
    loaded, _ = savedmodel.load(path)
    assert loaded.weights[-1].numpy().tolist() == list(range(10))
    assert [file.name for file in path.parent.iterdir()] == ["saved"]


def test_an_empty_directory_may_become_one(tmp_path, model):
    savedmodel.export(model, tmp_path)
    assert (tmp_path / "saved_model.pb").is_file()


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_is_not_a_saved_model_is_not_replaced(tmp_path, model, kind):
    path = tmp_path / "mine"
    keep = path if kind == "file" else path / "notes.txt"
    keep.parent.mkdir(exist_ok=True)
    keep.write_text("keep me")
    with pytest.raises(UsageError, match="mine exists and is not a SavedModel"):
        savedmodel.export(model, path)
    assert keep.read_text() == "keep me"


def test_a_full_disk_leaves_the_previous_one_intact(tmp_path, model, file_size_limit):
    savedmodel.export(model, tmp_path / "saved")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with file_size_limit(10_000), pytest.raises(UsageError, match="cannot write .*saved.* intact"):
        savedmodel.export(model, tmp_path / "saved")
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    "part", ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
)
def test_a_truncated_saved_model_is_named(tmp_path, model, part):
    savedmodel.export(model, tmp_path / "saved")
    content = (tmp_path / "saved" / part).read_bytes()
    (tmp_path / "saved" / part).write_bytes(content[: len(content) // 2])
    with pytest.raises(UsageError, match="saved cannot be loaded as a SavedModel: ") as error:
        savedmodel.load(tmp_path / "saved")
    assert "\n" not in str(error.value)


def test_a_saved_model_without_a_signature_is_named(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "saved"))
    with pytest.raises(UsageError, match="has none of the signatures serve, serving_default"):
        savedmodel.load(tmp_path / "saved")
