"""Adversarial runs: what their records say of accuracy under attack, and that they resume to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.robustness import RobustnessMeter
from dsd_tf.experiment.runner import run
from dsd_tf.experiment.workbench import load_images, network
from dsd_tf.settings import Settings

ADVERSARIAL = {
    "objective": "adversarial",
    "attack_epsilon": "0.05",
    "attack_steps": 3,
    "robust_every": 3,
    "record_learning": True,
    "epochs": 9,
}


@pytest.fixture(scope="module")
def adversarial(finished):
    return finished(**ADVERSARIAL)


def test_a_record_says_by_which_attack_and_what_is_left_of_every_split(adversarial):
    [record] = adversarial.results["phases"]
    found = record["robustness"]
    assert (found["attack"], found["norm"], found["epsilon"]) == ("pgd20", "linf", 0.05)
    for split, examples in (("train", 300), ("validation", 144), ("test", 360)):
        assert found[split]["examples"] == examples
        assert found[split]["clean_accuracy"] == pytest.approx(record[split]["top1"])
        assert 0 < found[split]["robust_accuracy"] < found[split]["clean_accuracy"]
    assert found["gap"] == found["train"]["robust_accuracy"] - found["test"]["robust_accuracy"]
    assert adversarial.results["final"]["robust_test_accuracy"] == found["test"]["robust_accuracy"]


def test_epochs_are_measured_on_validation_and_test_data_but_for_the_last_whose_figures_the_record_has(adversarial):
    epochs = adversarial.lines("metrics.jsonl")
    for split in ("validation", "test"):
        assert [epoch["epoch"] for epoch in epochs if f"{split}_robust_accuracy" in epoch] == [2, 5]


def test_the_best_epoch_is_the_one_with_the_best_robust_validation_accuracy(adversarial):
    [record] = adversarial.results["phases"]
    epochs, found = adversarial.lines("metrics.jsonl"), record["robustness"]
    by_epoch = [epoch.get("validation_robust_accuracy", 0.0) for epoch in epochs]
    by_epoch[-1] = found["validation"]["robust_accuracy"]
    best = found["best_epoch"]
    assert best["epoch"] == int(np.argmax(by_epoch))
    assert best["validation_robust_accuracy"] == max(by_epoch)
    assert best["test_accuracy"] == epochs[best["epoch"]]["test_accuracy"]


def test_the_attacks_passes_are_part_of_what_training_costs_and_cost_less_under_masks(finished):
    [record] = finished(**ADVERSARIAL | {"epochs": 2, "robust_every": 0}, method="static").results["phases"]
    # the step's own three, and three forward and back to the images
    assert record["training_flops"] == (3 + 3 * 2) * record["dense_flops"] * 600
    assert record["sparse_training_flops"] == (3 + 3 * 2) * record["sparse_flops"] * 600
    assert record["sparse_flops"] < record["dense_flops"]


def test_interrupted_after_every_checkpoint_it_ends_as_if_nothing_had_happened(
    adversarial, small, watched, tmp_path, monkeypatch
):
    settings = small(**ADVERSARIAL, checkpoint_seconds=0, steps_per_execution=2)
    save = Checkpoints.save

    def stopping(self, state):
        save(self, state)
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Checkpoints, "save", stopping)
            run(settings, str(tmp_path / "run"))
    watched(settings, tmp_path / "run").assert_equal(adversarial)


@pytest.mark.parametrize("steps_per_execution", [1, 5])
def test_free_training_hands_its_perturbation_on_through_checkpoints_and_begins_every_phase_without_one(
    finished, small, watched, tmp_path, monkeypatch, steps_per_execution
):
    free = {"objective": "adversarial", "attack_epsilon": "0.05", "attack_replays": 3, "method": "omp", "epochs": 4}
    settings = small(**free, checkpoint_seconds=0, steps_per_execution=steps_per_execution)
    for owner, function in ((Checkpoints, "clear"), (Checkpoints, "save")):
        original = getattr(owner, function)

        def stopping(*arguments, original=original):
            original(*arguments)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(owner, function, stopping)
            run(settings, str(tmp_path / "run"))
    whole = finished(**free)
    watched(settings, tmp_path / "run").assert_equal(whole)
    record = whole.results["phases"][-1]
    assert record["training_flops"] == 3 * record["dense_flops"] * record["training_examples"]
    # four epochs of five steps: three of every batch of the first pass, and five of the second
    assert record["training_examples"] == 3 * 300 + 3 * 64 + 2 * 64


@pytest.mark.parametrize("replays", [1, 2])
def test_an_epoch_may_be_a_single_batch(finished, replays):
    single = {"method": "rigl", "batch_size": 512, "epochs": 6, "update_every": "2it", "objective": "adversarial"}
    run = finished(**single, attack_epsilon="0.05", attack_steps=1, attack_replays=replays)
    epochs, [record] = run.lines("metrics.jsonl"), run.results["phases"]
    assert [epoch["step"] for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1]["train_loss"] < epochs[0]["train_loss"]
    assert record["kept"] == 464 < record["explored"] * 2320
    assert record["training_examples"] == 6 * 300


def test_which_examples_were_right_is_kept_for_every_epoch(adversarial):
    right = FinishedRun(adversarial.path).learning()
    assert (right.shape, right.dtype) == ((9, 300), bool)
    assert right[-1].mean() == pytest.approx(adversarial.results["phases"][0]["train"]["top1"])


def test_a_run_that_kept_nothing_of_its_epochs_says_how_to(finished_run):
    with pytest.raises(UsageError, match="phase level02 of the run kept no record .* train with --record_learning"):
        FinishedRun(finished_run).learning()


def meter(**values) -> RobustnessMeter | None:
    settings = Settings(width=0.1, train_examples=300, **values)
    images = load_images(settings)
    return RobustnessMeter.of(settings, network(settings, images), images, batch_size=100)


def test_ordinary_training_is_not_attacked_unless_asked():
    assert meter() is None
    assert meter(objective="adversarial", robust_attack="none") is None
    asked = meter(robust_attack="fgsm", attack_norm="l2", validation_fraction=0.0).of_phase([])
    assert (asked["attack"], asked["norm"], asked["best_epoch"]) == ("fgsm", "l2", None)
    assert "validation" not in asked


def test_examples_are_as_many_as_asked_for():
    found = meter(robust_attack="fgsm", robust_examples=50).of_phase([])
    assert [found[split]["examples"] for split in ("train", "validation", "test")] == [50, 50, 50]


def test_a_radius_no_two_images_are_apart_is_refused():
    with pytest.raises(UsageError, match="images of 8x8x1 are at most 8 apart"):
        meter(robust_attack="fgsm", attack_norm="l2", attack_epsilon="9")
