"""Runs that train in bfloat16: pruned, attacked, interrupted, and a float32 network in the end."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.runner import run

IN_BFLOAT16 = {"precision": "bfloat16", "method": "one_shot"}


def test_masks_are_exact_and_the_network_it_leaves_is_float32(finished):
    done, exact = finished(**IN_BFLOAT16), finished(method="one_shot")
    assert done.results["final"]["kept"] == exact.results["final"]["kept"] == 464
    assert done.lines("metrics.jsonl") != exact.lines("metrics.jsonl")
    network, twin = (FinishedRun(of.path).network() for of in (done, exact))
    assert network.to_json() == twin.to_json()
    assert all(weight.dtype == "float32" for weight in network.weights)


def test_its_entropies_and_accuracies_are_those_of_the_float32_network(finished):
    phases, exact = (finished(**values).results["phases"] for values in (IN_BFLOAT16, {"method": "one_shot"}))
    for ours, theirs in zip(phases, exact, strict=True):
        assert ours["entropy"]["mean"] == pytest.approx(theirs["entropy"]["mean"], abs=0.1)
        assert ours["test"]["top1"] == pytest.approx(theirs["test"]["top1"], abs=0.1)


def test_interrupted_after_a_checkpoint_it_ends_as_if_nothing_had_happened(
    finished, small, watched, tmp_path, monkeypatch
):
    settings, save = small(**IN_BFLOAT16, checkpoint_seconds=0), Checkpoints.save

    def stop(*arguments, **options):
        save(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoints, "save", stop)
        run(settings, str(tmp_path / "run"))
    watched(settings, tmp_path / "run").assert_equal(finished(**IN_BFLOAT16))


def test_adversarial_training_attacks_the_network_that_computes_in_it(finished):
    attacked = {"objective": "adversarial", "attack_steps": 2, "method": "dense", "robust_attack": "none"}
    weights, exact = (
        finished(**attacked, precision=precision).weights("dense") for precision in ("bfloat16", "float32")
    )
    assert not all(map(np.array_equal, weights, exact))
    assert all(np.allclose(ours, theirs, atol=0.1) for ours, theirs in zip(weights, exact, strict=True))
