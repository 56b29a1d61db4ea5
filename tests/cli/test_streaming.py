"""`bin/evaluate` on images that are decoded while they are used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from dsd_tf.cli.evaluate import main

BIN = Path(__file__).resolve().parents[2] / "bin"
COLOURS = {"red": (250, 20, 10), "green": (30, 240, 20), "blue": (10, 30, 230)}


@pytest.fixture
def place(tmp_path):
    """val/<colour>/: two images each; synsets.txt: blue, green, red."""
    for name, colour in COLOURS.items():
        for number, shape in enumerate(((40, 50, 3), (70, 31, 3))):
            file = tmp_path / "val" / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(tf.io.encode_png(np.full(shape, colour, np.uint8)).numpy())
    (tmp_path / "synsets.txt").write_text("blue\ngreen\nred\n")
    return tmp_path


@pytest.fixture
def network(tmp_path):
    """A saved network of 8x8x3 whose logits are the channel means, times a factor, plus biases."""

    def save(factor=1.0, order=(0, 1, 2), bias=(0, 0, 0), side=8):
        images = keras.Input((side, side, 3))
        means = keras.layers.GlobalAveragePooling2D()(images)
        model = keras.Model(images, keras.layers.Dense(3)(means))
        model.set_weights([factor * np.eye(3)[:, list(order)], np.array(bias)])
        model.save(tmp_path / "net.keras")
        return f"--model={tmp_path}/net.keras"

    return save


@pytest.fixture
def evaluate(call, place):
    """Calls the command on the folder and its list."""
    folder = ["--dataset=image_folder", f"--data_dir={place}/val", f"--synsets={place}/synsets.txt"]
    return lambda *arguments: call(main, *folder, *arguments)


def result(answer):
    assert (answer.code, answer.err) == (0, [])
    return json.loads(answer.out[-1])


def softmax_loss(logits):
    logits = np.asarray(logits, np.float64)
    return float(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[0])


def test_pixels_in_0_to_1_by_default(evaluate, network):
    found = result(evaluate(network(order=(2, 1, 0)), "--batch_size=4"))
    assert (found["top1"], found["top5"], found["examples"], found["skipped"]) == (1.0, 1.0, 6, 0)
    losses = [softmax_loss(np.array(own) / 255) for own in ((250, 20, 10), (240, 30, 20), (230, 10, 30))]
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-6)
    assert found["images_per_second"] > 0


def test_caffe_preprocessing_is_blue_first_in_0_to_255_minus_the_means(evaluate, network):
    """The biases put the means back, so a wrong order or mean would show in the loss."""
    found = result(evaluate(network(factor=0.01, bias=(1.04, 1.17, 1.23)), "--preprocessing=caffe"))
    assert found["top1"] == 1.0
    losses = [softmax_loss(np.array(own) / 100) for own in ((250, 20, 10), (240, 30, 20), (230, 10, 30))]
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_the_means_can_be_given(evaluate, network):
    flags = ["--preprocessing=caffe", "--mean=10,20,30"]
    first = result(evaluate(network(factor=0.01, bias=(0.1, 0.2, 0.3)), *flags))
    assert first["loss"] == pytest.approx(
        np.mean([softmax_loss(np.array(own) / 100) for own in ((250, 20, 10), (240, 30, 20), (230, 10, 30))]),
        rel=1e-5,
    )


@pytest.mark.parametrize("content", [b"no image", b"\xff\xd8\xff no more"])
def test_an_image_that_cannot_be_decoded_is_named_and_fails_unless_allowed(evaluate, network, place, content):
    """Last on standard error: libjpeg may have complained before."""
    bad = place / "val" / "green" / "5.JPEG"
    bad.write_bytes(content)
    answer = evaluate(network(order=(2, 1, 0)))
    assert (answer.code, answer.out) == (2, [])
    assert answer.err[-1] == (
        f"error: 1 of 7 images cannot be decoded: {bad}; --allow_skipped gives the figures of the others"
    )


def test_with_allow_skipped_the_others_are_counted(evaluate, network, place):
    bad = place / "val" / "green" / "5.JPEG"
    bad.write_bytes(b"")
    answer = evaluate(network(order=(2, 1, 0)), "--allow_skipped")
    found = result(answer)
    assert (found["examples"], found["skipped"], found["top1"]) == (6, 1, 1.0)
    assert f"skipped {bad}: it cannot be decoded" in answer.out


def test_a_prepared_tfds_set_is_evaluated_with_caffe_s_preprocessing(call, network, tmp_path, capfd):
    def examples():
        for label, name in enumerate(("blue", "green", "red")):
            yield {"image": np.full((20 + label, 30, 3), COLOURS[name], np.uint8), "label": label}

    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": tfds.features.ClassLabel(num_classes=3),
        }
    )
    split = tf.data.Dataset.from_generator(examples, output_signature=features.get_tensor_spec())
    tfds.dataset_builders.store_as_tfds_dataset(
        name="colours",
        version="1.0.0",
        data_dir=tmp_path,
        features=features,
        split_datasets={"train": split, "validation": split},
    )
    capfd.readouterr()  # what TFDS says about preparing
    flags = ["--dataset=colours", f"--data_dir={tmp_path}", "--preprocessing=caffe"]
    found = result(call(main, network(factor=0.01, bias=(1.04, 1.17, 1.23)), *flags))
    assert (found["top1"], found["examples"], found["skipped"]) == (1.0, 3, 0)


REFUSED = [
    (["--preprocessing=cafe"], "unknown --preprocessing 'cafe'; did you mean 'caffe'?"),
    (["--mean=1,2,3"], "--mean goes with --preprocessing=caffe"),
    (["--preprocessing=caffe", "--mean=1,2"], "--mean must have 3 values"),
    (["--preprocessing=caffe", "--mean=absent.binaryproto"], "absent.binaryproto"),
    (["--synsets=absent.txt"], "--synsets=absent.txt cannot be read"),
    (["--synsets=", "--num_classes=5"], "folders of 3 classes, the network tells 5 apart; --synsets=FILE"),
    (["--image_size=9"], "takes images of 8x8x3 and has 3 outputs; image folder"),
    (["--data_dir="], "image_folder needs --data_dir"),
    (["--split=validation"], "--split goes with a folder that holds train/; "),
    (["--dataset=mnist"], "--synsets goes with --dataset=image_folder"),
    (["--dataset=digits", "--synsets=", "--preprocessing=caffe"], "take a TFDS set, or --dataset=image"),
    (["--data_dir=absent"], "image folder absent does not exist"),
]


@pytest.mark.parametrize(("flags", "line"), REFUSED, ids=[" ".join(flags) for flags, _ in REFUSED])
def test_what_does_not_fit_is_one_line_and_exit_2(evaluate, network, flags, line):
    answer = evaluate(network(), *flags)
    assert (answer.code, answer.out, len(answer.err)) == (2, [], 1)
    assert line in answer.err[0]


def test_a_network_too_large_for_caffe_s_images_is_refused(evaluate, network):
    answer = evaluate(network(side=300), "--preprocessing=caffe")
    assert answer.code == 2
    assert "gives 256x256x3 or less, the network takes 300x300x3" in answer.err[0]


def test_a_folder_with_splits_is_not_taken_for_one_of_classes(call, network, place):
    (place / "train").mkdir()
    answer = call(main, network(), "--dataset=image_folder", f"--data_dir={place}", "--preprocessing=caffe")
    assert (answer.code, len(answer.err)) == (2, 1)
    assert "with the folder that holds the folders of the classes as --data_dir" in answer.err[0]


def run(command, *flags):
    done = subprocess.run([sys.executable, BIN / command, *flags], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout.splitlines()[-1])


def test_the_published_squeezenet_gets_64_and_86_percent_of_the_sample_images(real_data, tmp_path):
    """As Caffe's files do in OpenCV: 64 and 86 of 100, one image of either may differ by the JPEG decoder."""
    data = real_data / "squeezenet"
    weights = data / "squeezenet_v1.0_deep_compression.caffemodel"
    model = tmp_path / "squeezenet.keras"
    run("convert_caffe", f"--prototxt={data}/deploy.prototxt", f"--weights={weights}", f"--output={model}")
    sample = data / "imagenet_sample"
    found = run(
        "evaluate",
        f"--model={model}",
        "--dataset=image_folder",
        f"--data_dir={sample}/val",
        f"--synsets={sample}/synsets.txt",
        "--preprocessing=caffe",
    )
    assert (found["examples"], found["skipped"]) == (100, 0)
    assert found["top1"] == pytest.approx(0.64, abs=0.0101)
    assert found["top5"] == pytest.approx(0.86, abs=0.0101)
    logits = np.load(data / "opencv_reference_logits.npz")
    log_sum = np.log(np.exp(logits["logits"].astype(np.float64)).sum(axis=1))
    reference = np.mean(log_sum - logits["logits"][np.arange(100), logits["class_index"]])
    assert found["loss"] == pytest.approx(reference, abs=0.01)
