"""`bin/entropy`: every phase of a run, single networks, the files it writes, one line for what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from dsd_tf.analysis.entropy import EntropyMeter
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.workbench import load_images

ROOT = Path(__file__).resolve().parents[2]


def entropy(*flags):
    command = [sys.executable, ROOT / "bin" / "entropy", *flags]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def copy(finished_run, tmp_path) -> Path:
    return shutil.copytree(finished_run, tmp_path / "run")


def test_every_phase_of_a_run_is_measured_on_its_training_images(copy):
    done = entropy(f"--run_dir={copy}")
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout.splitlines()[-1])
    run = FinishedRun(copy)
    images = load_images(run.settings).train
    measured = [EntropyMeter(run.network(phase), images)() for phase in run.phases]
    assert [network["name"] for network in printed["networks"]] == ["dense", "level01", "level02"]
    assert [network["mean"] for network in printed["networks"]] == [entropy.mean for entropy in measured]
    assert [network["sparsity"] for network in printed["networks"]] == [0, 0.5, 0.75]
    written = json.loads((copy / "analysis" / "entropy.json").read_text())
    assert [network["entropy"] for network in written["networks"]] == [entropy.to_json() for entropy in measured]
    assert (copy / "analysis" / "entropy.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert f"{measured[1].layers[0].mean:.4f}" in done.stdout


def test_one_phase_has_no_curve_and_a_file_of_its_own(copy):
    done = entropy(f"--run_dir={copy}", "--phase=level01", "--legacy_first_batch")
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout.splitlines()[-1])
    assert (printed["images"], printed["legacy_first_batch"]) == (400, True)
    assert [path.name for path in (copy / "analysis").iterdir()] == ["entropy-level01-first_batch.json"]


def test_a_keras_file_is_measured_on_the_data_set_that_is_named(copy, tmp_path):
    flags = [
        f"--model={copy}/model.keras",
        "--dataset=digits",
        "--train_examples=50",
        f"--output={tmp_path}/new/a.json",
    ]
    done = entropy(*flags)
    assert (done.returncode, done.stderr) == (0, "")
    [network] = json.loads(done.stdout.splitlines()[-1])["networks"]
    assert (network["name"], network["sparsity"]) == ("model", 0.75)
    written = json.loads((tmp_path / "new" / "a.json").read_text())
    assert written["images"] == 50
    assert [layer["name"] for layer in written["networks"][0]["entropy"]["layers"]] == ["relu1", "relu2"]
    assert "alive units" in done.stdout


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ([], "give either --run_dir or --model"),
        (["--model=a.keras", "--run_dir=b"], "give either --run_dir or --model"),
        (["--model=absent.keras"], "--model=absent.keras does not exist"),
        (["--model=/", "--phase=dense"], "--phase goes with --run_dir"),
        (["--model=/"], "--model=/ is not a .keras file"),
        (["--run_dir=/"], "/ is not a run directory"),
    ],
)
def test_bad_flags_are_one_line_and_exit_2(flags, line):
    done = entropy(*flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_output_of_another_kind_is_one_line_and_exit_2(finished_run):
    done = entropy(f"--run_dir={finished_run}", "--output=a.txt")
    assert (done.returncode, done.stderr) == (2, "error: --output=a.txt does not end in .json\n")


def test_a_network_without_relus_is_one_line_and_exit_2(tmp_path):
    images = keras.Input((8, 8, 1))
    model = keras.Model(images, keras.layers.Dense(10)(keras.layers.Flatten()(images)), name="linear")
    model.save(tmp_path / "linear.keras")
    done = entropy(f"--model={tmp_path}/linear.keras")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: model 'linear' has no ReLU")
    assert not (tmp_path / "linear.entropy.json").exists()


def test_images_of_another_size_are_one_line_and_exit_2(finished_run, tmp_path):
    done = entropy(f"--run_dir={finished_run}", "--image_size=12", f"--output={tmp_path}/a.json")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "takes images of 8x8x1 and has 10 outputs; data set 'digits' has images of 12x12x1" in done.stderr
