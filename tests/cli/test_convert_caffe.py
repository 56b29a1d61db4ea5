"""`bin/convert_caffe`: what it prints and writes, and one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.cli.convert_caffe import main
from dsd_tf.compression.legacy import SharedWeights, Slot, encode

ROOT = Path(__file__).resolve().parents[2]
TEXT = """layer { name: "data" type: "Data" top: "data" top: "label"
                  transform_param { crop_size: 5 mean_value: [10, 20, 30] } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "a"
        convolution_param { num_output: 3 kernel_size: 1 } }
layer { name: "pool" type: "Pooling" bottom: "a" top: "b" pooling_param { pool: AVE global_pooling: true } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "b" bottom: "label" top: "loss" }
"""
HELP = """
import runpy, sys
try:
    runpy.run_path("bin/convert_caffe")
except SystemExit as end:
    print(end.code, {"tensorflow", "keras", "numpy"} & set(sys.modules))
"""


@pytest.fixture
def files(tmp_path) -> list[str]:
    """Flags that name a network whose scores are the mean blue, green and red minus 10, 20 and 30."""
    slot = Slot("conv", (3, 3, 1, 1))
    codebook = np.arange(256, dtype=np.float32)
    layer = SharedWeights(slot, np.eye(3, dtype=np.uint8).reshape(slot.shape), codebook, np.zeros(3, np.float32))
    (tmp_path / "net.prototxt").write_text(TEXT)
    (tmp_path / "weights.net").write_bytes(encode([layer]))
    (tmp_path / "image.png").write_bytes(tf.io.encode_png(np.full((9, 9, 3), (33, 22, 11), np.uint8)).numpy())
    return [f"--prototxt={tmp_path}/net.prototxt", f"--weights={tmp_path}/weights.net"]


def test_it_prints_a_table_and_json_last(call, files, tmp_path):
    answer = call(main, *files, f"--output={tmp_path}/net.keras", f"--check_image={tmp_path}/image.png")
    assert answer.code == 0
    assert [line.split() for line in answer.out[:3]] == [
        ["Caffe", "layer", "type", "Keras", "layer", "output", "parameters"],
        ["conv", "Convolution", "Conv2D", "conv", "5x5x3", "12"],
        ["pool", "Pooling", "GlobalAveragePooling2D", "pool", "1x1x3"],
    ]
    assert answer.out[-4:-1] == [
        "ignored data (Data): its first top is the model's input",
        "ignored loss (SoftmaxWithLoss): not part of inference",
        "total 12 parameters",
    ]
    result = json.loads(answer.out[-1])
    assert result.pop("seconds") > 0
    assert result == {
        "output": f"{tmp_path}/net.keras",
        "parameters": 12,
        "inputs": [[5, 5, 3]],
        "outputs": [[3]],
        "ignored": ["data", "loss"],
        "top5": [[2, 3.0], [1, 2.0], [0, 1.0]],
    }
    model = keras.saving.load_model(tmp_path / "net.keras")
    assert model(np.ones((1, 5, 5, 3), np.float32)).numpy().tolist() == [[1, 1, 1]]


def test_a_mean_image_is_described_and_subtracted(call, files, tmp_path):
    mean = np.empty((3, 256, 256), "<f4")
    mean[:] = np.float32([11, 0, 0])[:, None, None]
    shape = b"\x08\x01\x10\x03\x18\x80\x02\x20\x80\x02"
    (tmp_path / "mean").write_bytes(shape + b"\x2a\x80\x80\x30" + mean.tobytes())
    more = [f"--mean={tmp_path}/mean", f"--check_image={tmp_path}/image.png", "--format=savedmodel"]
    answer = call(main, *files, f"--output={tmp_path}/saved", *more)
    result = json.loads(answer.out[-1])
    assert result["mean_bgr"] == [11, 0, 0]
    assert result["top5"] == [[2, 33.0], [1, 22.0], [0, 0.0]]
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.serve(np.ones((2, 5, 5, 3), np.float32)).shape == (2, 3)


@pytest.mark.parametrize(
    ("replaced", "problem"),
    [
        ({"--prototxt": ""}, "--prototxt is missing"),
        ({"--weights": ""}, "--weights is missing"),
        ({"--output": ""}, "--output is missing"),
        ({"--format": "kers"}, "unknown --format 'kers'; did you mean 'keras'"),
        ({"--prototxt": "absent"}, "cannot read prototxt absent: No such file"),
        ({"--weights": "absent.net"}, "cannot read absent.net: No such file"),
        ({"--weights": "absent.caffemodel"}, "cannot read absent.caffemodel: No such file"),
        ({"--check_image": "absent.jpg"}, "cannot read image absent.jpg: No such file"),
        ({"--mean": "absent"}, "cannot read absent: No such file"),
        ({"--output": "net.h5"}, "net.h5 must end in .keras"),
    ],
)
def test_bad_input_ends_with_2_and_one_line_and_writes_nothing(call, files, tmp_path, monkeypatch, replaced, problem):
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    arguments = dict(flag.split("=") for flag in [*files, "--output=net.keras"]) | replaced
    answer = call(main, *(f"{name}={value}" for name, value in arguments.items()))
    assert (answer.code, answer.out) == (2, [])
    (line,) = answer.err
    assert line.startswith("error: ") and problem in line
    assert list(place.iterdir()) == []


def test_help_imports_neither_tensorflow_nor_numpy():
    command = [sys.executable, "-c", HELP, "--help"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "0 set()"
    assert "--prototxt" in answer.stdout and "--check_image" in answer.stdout


def test_the_published_network_is_converted_by_the_command(real_data, tmp_path):
    place = real_data / "squeezenet"
    (image,) = place.glob("imagenet_sample/val/n01440764/*")
    flags = {
        "prototxt": place / "trainval.prototxt",
        "weights": place / "squeezenet_v1.0_deep_compression.caffemodel",
        "output": tmp_path / "net.keras",
        "check_image": image,
    }
    command = [
        sys.executable,
        ROOT / "bin" / "convert_caffe",
        *(f"--{name}={value}" for name, value in flags.items()),
    ]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "total 1,248,424 parameters" in answer.stdout
    result = json.loads(answer.stdout.splitlines()[-1])
    assert result["parameters"] == 1_248_424
    assert result["top5"][0][0] == 0  # a tench
    assert keras.saving.load_model(tmp_path / "net.keras").output.shape == (None, 1000)
