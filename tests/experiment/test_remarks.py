"""What a run says before it begins."""

from __future__ import annotations

import pytest

from dsd_tf.experiment.remarks import remarks, shared_out
from dsd_tf.experiment.workbench import build_workbench
from dsd_tf.settings import Settings


@pytest.mark.parametrize(
    ("batch", "replicas", "said"),
    [
        (128, 2, "2 replicas train on 64 examples of each batch of 128"),
        (128, 3, "3 replicas train on 42 or 43 examples of each batch of 128; it does not divide evenly"),
        (1, 2, "2 replicas train on 0 or 1 examples of each batch of 1; it does not divide evenly"),
    ],
)
def test_how_replicas_share_out_a_batch_is_said(batch, replicas, said):
    assert shared_out(batch, replicas).startswith(said)
    assert ("the mean over all of it" in shared_out(batch, replicas)) == (batch % replicas > 0)


def test_there_is_nothing_to_say_of_clean_labels_on_one_device():
    bench = build_workbench(Settings(train_examples=100))
    assert remarks(bench) == []
    noisy = build_workbench(Settings(train_examples=100, label_noise=0.5))
    assert len(remarks(noisy)) == 1
