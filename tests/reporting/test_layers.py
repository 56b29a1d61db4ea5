"""The per-layer table: hand-counted weights and FLOPs, and why a layer was not pruned."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.reporting.layers import LayerRow, format_layers, layer_table, total_flops
from dsd_tf.reporting.tables import print_table
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernels import KernelFilter, list_kernels

CONV = LayerRow("conv/kernel", (3, 3, 2, 4), kept=18, positions=25)
HEAD = LayerRow("head/kernel", (100, 10), kept=1000, positions=1, why_dense="last layer")
UNKNOWN = LayerRow("odd/kernel", (2, 2), kept=4, positions=None)


def test_a_multiply_add_counts_two():
    assert (CONV.size, CONV.dense_flops, CONV.sparse_flops) == (72, 2 * 72 * 25, 2 * 18 * 25)


def test_flops_of_a_layer_applied_an_unknown_number_of_times_are_unknown():
    assert (UNKNOWN.dense_flops, UNKNOWN.sparse_flops) == (None, None)


def test_totals_are_known_if_every_layer_is():
    assert total_flops([CONV, HEAD], "dense_flops") == 3600 + 2000
    assert total_flops([CONV, HEAD], "sparse_flops") == 900 + 2000
    assert total_flops([CONV, UNKNOWN], "dense_flops") is None
    assert total_flops([], "dense_flops") == 0


def test_rows_are_made_of_a_models_kernels_and_masks():
    network = keras.Sequential(
        [
            layers.Input((5, 5, 2)),
            layers.Conv2D(4, 3, padding="same", name="conv"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, name="head"),
        ]
    )
    kernels = KernelFilter(protect_last=True).apply(list_kernels(network))
    mask = np.zeros((3, 3, 2, 4), bool)
    mask.flat[:18] = True
    rows = layer_table(kernels, Masks({"conv/kernel": mask}))
    assert rows == [CONV, HEAD]


def printed(capsys, rows) -> list[list[str]]:
    print_table(format_layers(rows))
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_the_table_ends_with_totals_over_the_prunable_layers_and_over_all(capsys):
    rows = printed(capsys, [CONV, HEAD])
    assert rows[1] == ["conv/kernel", "3x3x2x4", "72", "18", "75.00%", "0.004", "0.001"]
    assert rows[2] == ["head/kernel", "100x10", "1,000", "1,000", "0.00%", "0.002", "0.002", "last", "layer"]
    assert ["prunable", "72", "18", "75.00%", "0.004", "0.001"] in rows
    assert rows[-1] == ["all", "kernels", "1,072", "1,018", "5.04%", "0.006", "0.003"]


def test_what_is_not_known_is_a_question_mark(capsys):
    assert printed(capsys, [UNKNOWN])[1][-2:] == ["?", "?"]


def test_a_network_with_nothing_to_prune_has_a_table_too(capsys):
    assert ["prunable", "0", "0", "-", "0.000", "0.000"] in printed(capsys, [HEAD])


@pytest.mark.parametrize("kept", [0, 72])
def test_a_layer_may_be_empty_or_full(kept):
    row = LayerRow("conv/kernel", (3, 3, 2, 4), kept=kept, positions=25)
    assert row.sparse_flops == 2 * kept * 25
