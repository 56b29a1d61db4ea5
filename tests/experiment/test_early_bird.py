"""A dense training that ends once its ticket has settled, and goes on pruned: Early-Bird, and Robust Bird."""

from __future__ import annotations

import pytest

from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.runner import run
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.tickets import as_bits

ROBUST = {"method": "early_bird", "objective": "adversarial", "attack_epsilon": "0.05", "attack_steps": 1}
SLOW = {"epochs": 8, "lr": 0.002, "evaluate_every": 7, "robust_every": 5}


@pytest.fixture(scope="module")
def robust_bird(finished):
    return finished(**ROBUST, **SLOW)


def test_the_dense_training_ends_once_the_ticket_has_settled_and_the_pruned_one_takes_the_whole_schedule(robust_bird):
    dense, sparse = robust_bird.results["phases"]
    epochs = [(epoch["phase"], epoch["epoch"]) for epoch in robust_bird.lines("metrics.jsonl")]
    assert epochs == [("dense", epoch) for epoch in range(5)] + [("level01", epoch) for epoch in range(8)]
    assert (dense["training_examples"], sparse["training_examples"]) == (5 * 300, 8 * 300)
    assert dense["training_flops"] == (3 + 2) * dense["dense_flops"] * 5 * 300
    assert sparse["kept"] == 464


def test_the_epoch_it_ends_with_is_evaluated_as_a_last_one_is(robust_bird):
    last = robust_bird.lines("metrics.jsonl")[4]
    assert "test_accuracy" in last
    assert "test_robust_accuracy" not in last  # the record of the phase has it


def test_it_is_pruned_to_the_ticket_it_ended_with(robust_bird):
    checkpointed = robust_bird.masks("level01")
    kernels = [weight for weight in robust_bird.weights("dense") if weight.ndim > 1]
    magnitudes = sorted(abs(value) for kernel in kernels for value in kernel.ravel())
    drawn = dict(zip(checkpointed, (abs(kernel) >= magnitudes[-464] for kernel in kernels), strict=True))
    assert (as_bits(checkpointed) == as_bits(Masks(drawn))).all()


@pytest.mark.parametrize("epoch", [3, 5])
def test_interrupted_before_or_when_it_settles_it_ends_as_if_nothing_had_happened(
    robust_bird, small, watched, tmp_path, monkeypatch, epoch
):
    settings = small(**ROBUST, **SLOW, checkpoint_seconds=0)
    save, saved = Checkpoints.save, []

    def stopping(self, state):
        save(self, state)
        saved.append(state)
        if len(saved) == epoch:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoints, "save", stopping)
        run(settings, str(tmp_path / "run"))
    watched(settings, tmp_path / "run").assert_equal(robust_bird)
