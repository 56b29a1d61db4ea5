"""Times on the command line become steps, learning rates become epochs."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, Initial
from dsd_tf.methods.spans import dense_phase, learning_rate, steps, total_steps
from dsd_tf.settings import Settings


def test_a_training_takes_epochs_times_steps_per_epoch(cifar):
    assert total_steps(Settings(epochs=160), cifar) == 62_560


@pytest.mark.parametrize(
    ("end", "step"), [("80ep", 31_280), ("1000it", 1000), ("75%", 46_920), ("160ep", 62_560), ("0", 0)]
)
def test_a_time_is_a_step(cifar, end, step):
    assert steps(Settings(epochs=160, end=end), cifar, "end") == step


def test_a_time_after_the_end_of_training_is_refused(cifar):
    with pytest.raises(UsageError, match="--end=200ep is step 78200, after training ends at step 7820"):
        steps(Settings(epochs=20, end="200ep"), cifar, "end")


def test_milestones_are_epochs_or_shares_of_the_training():
    assert learning_rate(Settings(epochs=160, milestones="80ep,120ep")).milestones == (80, 120)
    assert learning_rate(Settings(epochs=160)).milestones == (80, 120)
    assert learning_rate(Settings(epochs=90, milestones="30ep, 60ep")).milestones == (30, 60)


def test_shares_follow_the_length_of_a_phase_so_that_short_ones_decay_too():
    assert learning_rate(Settings(epochs=160), epochs=40).milestones == (20, 30)


def test_no_share_is_so_short_that_the_rate_drops_before_the_first_epoch():
    assert learning_rate(Settings(epochs=1)).milestones == (1, 1)


def test_a_rate_is_the_flags_times_a_factor():
    rate = learning_rate(Settings(lr=0.1, lr_schedule="step", lr_decay=0.2, epochs=10), factor=0.1)
    assert (rate.base, rate.kind, rate.decay, rate.epochs) == (0.1 * 0.1, "step", 0.2, 10)


def test_the_dense_phase_is_a_whole_training_of_all_weights(cifar):
    phase = dense_phase(Settings(epochs=160), cifar, remember=1000)
    assert (phase.name, phase.level, phase.role, phase.sparsity) == ("dense", 0, "dense", 0.0)
    assert (phase.weights, phase.masks, phase.schedule) == (Initial(), AllWeights(), None)
    assert (phase.start, phase.stop, phase.remember) == (0, 62_560, 1000)
