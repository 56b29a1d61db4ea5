"""`bin/evaluate`: the figures a run reported, of networks in any format, and one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from dsd_tf.cli.evaluate import score
from dsd_tf.data.digits import Digits
from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.runner import run
from dsd_tf.export import keras_file, savedmodel
from dsd_tf.export.network import Network
from dsd_tf.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def evaluate(*flags):
    command = [sys.executable, ROOT / "bin" / "evaluate", *flags]
    return subprocess.run(command, capture_output=True, text=True)


def result(*flags):
    done = evaluate(*flags)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_gets_the_figures_it_reported_to_the_last_bit(finished_run):
    found = result(f"--run_dir={finished_run}", "--phase=level01", "--split=validation")
    reported = FinishedRun(finished_run).record("level01")["validation"]
    assert {key: found[key] for key in reported} == reported
    assert found.keys() - reported.keys() == {"seconds", "images_per_second"}


def test_a_saved_model_gets_the_figures_of_its_run(finished_run, tmp_path):
    run = FinishedRun(finished_run)
    savedmodel.export(run.network(), tmp_path / "saved")
    found = result(f"--model={tmp_path}/saved", "--dataset=digits")
    reported = run.record()["test"]
    assert {key: found[key] for key in reported} == reported


def test_a_run_with_noisy_labels_is_evaluated_on_those_it_was_trained_on_and_other_data_on_true_ones(tmp_path):
    path = tmp_path / "run"
    run(Settings(width=0.2, epochs=2, label_noise=0.3), str(path))
    reported = FinishedRun(path).record()
    for split in ("train", "test"):
        scores, _ = score(Network.of("net", FinishedRun(path).network()), FinishedRun(path).settings, split, 500)
        assert scores.top1 == reported[split]["top1"]
    noise = reported["label_noise"]
    true = 0.7 * noise["clean_accuracy"] + 0.3 * noise["noisy_fitted_true"]
    named = result(f"--run_dir={path}", "--split=train", "--dataset=digits")
    assert named["top1"] == pytest.approx(true, abs=0.01) != reported["train"]["top1"]


@pytest.mark.parametrize("export", [keras_file.export, savedmodel.export])
def test_a_network_that_ends_in_a_softmax_gets_the_figures_it_has_without_it(finished_run, tmp_path, export):
    run = FinishedRun(finished_run)
    logits = run.network()
    export(keras.Model(logits.inputs, keras.layers.Softmax()(logits.outputs[0])), tmp_path / "net.keras")
    scores, _ = score(Network.load(tmp_path / "net.keras"), run.settings, "test", 500)
    reported = run.record()["test"]
    assert (scores.top1, scores.top5) == (reported["top1"], reported["top5"])
    assert scores.loss == pytest.approx(reported["loss"], rel=0 if export is keras_file.export else 1e-6, abs=0)


@pytest.fixture
def network(finished_run):
    return Network.of("net", FinishedRun(finished_run).network())


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("batch_size", [500, 7])
def test_every_example_of_a_split_counts_once(network, finished_run, split, batch_size):
    run = FinishedRun(finished_run)
    scores, seconds = score(network, run.settings, split, batch_size)
    reported = run.record()[split]
    assert (scores.top1, scores.top5, scores.examples) == (
        reported["top1"],
        reported["top5"],
        reported["examples"],
    )
    assert scores.loss == pytest.approx(reported["loss"], rel=1e-6)
    assert seconds > 0


def test_the_training_examples_are_those_the_settings_draw(network):
    assert score(network, Settings(train_examples=50), "train", 20)[0].examples == 50
    assert score(network, Settings(train_examples=50), "test", 200)[0].examples == 360


def test_progress_counts_the_examples(network, monkeypatch):
    seen = []
    monkeypatch.setattr("dsd_tf.cli.evaluate.RunProgress.reach", lambda self, done: seen.append((done, self.total)))
    score(network, Settings(), "test", 150)
    assert seen == [(150, 360), (300, 360), (360, 360)]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"image_size": 12},
            "net takes images of 8x8x1 and has 10 outputs; .*'digits' has images of 12x12x1",
        ),
        ({"num_classes": 11}, "has images of 8x8x1 and 11 classes"),
        ({"dataset": "digit"}, "unknown data set 'digit'; did you mean 'digits'"),
    ],
)
def test_data_that_do_not_fit_are_named(network, values, line):
    with pytest.raises(UsageError, match=line):
        score(network, Settings(**values), "test", 500)


def test_a_split_that_is_not_there_is_named(network):
    with pytest.raises(UsageError, match="'digits' has no validation split; give --validation_fraction"):
        score(network, Settings(validation_fraction=0.0), "validation", 500)


def test_logits_that_are_no_numbers_are_named():
    images = keras.Input((8, 8, 1))
    model = keras.Model(images, keras.layers.Dense(10)(keras.layers.Flatten()(images)))
    model.layers[-1].bias.assign(np.full(10, np.nan))
    with pytest.raises(UsageError, match="net gives logits that are not finite: its loss is nan"):
        score(Network.of("net", model), Settings(), "test", 500)


def test_a_perfect_network_is_always_right():
    """The logits of an image it knows by heart are those of its label."""
    digits = Digits().read("test", np.arange(360))
    known = digits.images.reshape(360, 64).astype(np.float32) / 255
    answers = np.eye(10, dtype=np.float32)[digits.labels]
    images = keras.Input((8, 8, 1))
    nearest = keras.layers.Dense(360)(keras.layers.Flatten()(images))
    model = keras.Model(images, keras.layers.Dense(10, use_bias=False)(keras.layers.Softmax()(nearest)))
    model.set_weights([1e4 * known.T, -5e3 * (known**2).sum(axis=1), answers])
    scores, _ = score(Network.of("net", model), Settings(), "test", 500)
    assert (scores.top1, scores.top5) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ([], "give either --model or --run_dir"),
        (["--model=a.keras", "--run_dir=b"], "give either --model or --run_dir"),
        (["--model=absent.keras"], "--model=absent.keras does not exist"),
        (["--model=/", "--phase=dense"], "--phase goes with --run_dir"),
        (["--model=/", "--split=tests"], "unknown --split 'tests'; did you mean 'test'"),
        (["--model=/", "--batch_size=0"], "flag --batch_size=0"),
        (["--run_dir=/"], "/ is not a run directory"),
    ],
)
def test_bad_flags_are_one_line_and_exit_2(flags, line):
    done = evaluate(*flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_flags_replace_the_settings_of_a_run_and_a_misfit_is_one_line_and_exit_2(finished_run):
    done = evaluate(f"--run_dir={finished_run}", "--num_classes=3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "takes images of 8x8x1 and has 10 outputs; data set 'digits' has" in done.stderr
    assert done.stderr.count("\n") == 1
