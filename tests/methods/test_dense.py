"""Dense: one phase, whatever the sparsity flags say."""

from __future__ import annotations

from dsd_tf.methods.spans import dense_phase
from dsd_tf.settings import Settings


def test_dense_training_is_one_phase_of_all_weights(toy, plan_of):
    assert plan_of(toy, method="dense", sparsity=0.9) == [dense_phase(Settings(), toy)]


def test_it_remembers_nothing_as_nothing_is_rewound(toy, plan_of):
    assert plan_of(toy, method="dense", retrain="rewind")[0].remember is None
