"""What every registered method and retrain policy must fulfil: a new line in the registry is tested here.

The witness of the fixtures checks at every step that masked weights and slots are zero and none is revived.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf import registry
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.export_run import export_run
from dsd_tf.experiment.workbench import load_images
from dsd_tf.settings import Settings
from dsd_tf.training.evaluation import Evaluator

CASES = [(method, "rewind") for method in registry.METHODS]
CASES += [("iterative", policy) for policy in registry.RETRAIN_POLICIES if policy != "rewind"]
# so that the last phase has a checkpoint to go on from
FLAGS = {"ac_dc": {"end": "30%"}}


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, finished):
    """The settings of a case and its uninterrupted run."""
    method, retrain = request.param
    run = finished(method=method, retrain=retrain, **FLAGS.get(method, {}))
    return Settings(**run.results["configuration"]), run


def test_it_keeps_exactly_as_many_weights_as_asked(case):
    _, run = case
    for record in run.results["phases"]:
        if record["nominal_sparsity"] is not None:
            assert record["kept"] == round(record["prunable"] * (1 - record["nominal_sparsity"]))
        assert record["kept"] == run.masks(record["phase"]).kept
        assert record["kept"] == sum(record["kept_by_kernel"].values())


def test_masked_weights_are_zero_in_the_weights_themselves_and_others_are_not(case):
    _, run = case
    for record in run.results["phases"]:
        kernels = [weight for weight in run.weights(record["phase"]) if weight.ndim > 1]
        for kernel, mask in zip(kernels, run.masks(record["phase"]).values(), strict=True):
            assert not kernel[~mask].any()
        # a weight that is let train again, or was grown, may still be where it started: at zero
        regrown = record["role"] == "redense" or "explored" in record
        assert regrown or sum(map(np.count_nonzero, kernels)) == record["kept"]


def test_only_kernels_are_pruned(case):
    _, run = case
    for record in run.results["phases"]:
        assert list(run.masks(record["phase"])) == ["hidden1/kernel", "hidden2/kernel", "logits/kernel"]
        assert record["total_sparsity"] == (record["prunable"] - record["kept"]) / record["parameters"]
        assert record["parameters"] == record["prunable"] + 30 + 10 + 10


def test_its_network_is_an_ordinary_keras_file_with_the_reported_zeros_and_accuracy(case):
    settings, run = case
    network = keras.models.load_model(run.path / "model.keras", safe_mode=True)
    final = run.results["final"]
    assert all(map(np.array_equal, network.get_weights(), run.weights(final["phase"])))
    scores = Evaluator(network, load_images(settings).test, 500)()
    assert (scores.top1, scores.loss) == (final["test_accuracy"], final["test_loss"])


def test_it_exports_to_a_saved_model_with_the_reported_zeros_and_accuracy(case, tmp_path):
    settings, run = case
    final = run.results["final"]
    export_run(run.path, "savedmodel", tmp_path / "export")
    exported = tf.saved_model.load(str(tmp_path / "export"))
    kernels = [weight.numpy() for weight in exported.weights if len(weight.shape) > 1]
    expected = [weight for weight in run.weights(final["phase"]) if weight.ndim > 1]
    assert all(map(np.array_equal, kernels, expected))
    assert Evaluator(exported.serve, load_images(settings).test, 500)().top1 == final["test_accuracy"]


def test_interrupted_and_continued_it_ends_bit_for_bit_the_same_whatever_the_steps_per_execution(
    case, watched, tmp_path, monkeypatch
):
    settings, run = case
    last = next(record for record in reversed(run.results["phases"]) if record["training_examples"])["phase"]
    other = Settings(**settings.identity(), steps_per_execution=1, checkpoint_seconds=0)
    save = Checkpoints.save

    def save_and_stop(self, arrays):
        save(self, arrays)
        if b'"phase": "%s"' % last.encode() in arrays["meta"].tobytes():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoints, "save", save_and_stop)
        watched(other, tmp_path / "run")
    again = watched(other, tmp_path / "run")
    assert again.steps_watched == 5
    again.assert_equal(run)
