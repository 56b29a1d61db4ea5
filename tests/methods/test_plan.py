"""Plans are plain values that can be read, compared and printed."""

from __future__ import annotations

import pytest

from dsd_tf.methods.plan import AllWeights, EndOf, Facts, FromRun, Initial, Prune, Remembered, Sparse


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (Initial(), "initial weights"),
        (Initial(3), "fresh weights #3"),
        (EndOf("level02"), "end of level02"),
        (Remembered(), "rewound weights"),
        (AllWeights(), "none"),
        (Prune("dense", keep=12345), "prune dense to 12,345 weights"),
        (Prune("dense", density=0.1), "prune dense to density 0.1"),
        (Sparse(0.1), "random at density 0.1"),
        (Sparse(0.25, "snip", resample=True), "snip at density 0.25, places redrawn"),
        (FromRun("runs/a", "level01"), "masks of level01 in runs/a"),
    ],
)
def test_a_source_says_in_words_where_weights_or_masks_come_from(source, text):
    assert str(source) == text


def test_prunable_weights_are_counted_over_all_kernels(toy):
    assert toy.prunable == 100
    assert Facts(1, {}).prunable == 0
