"""A plan, printed."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.describe import describe_plan


def printed(capsys, settings):
    line = describe_plan(settings)
    return line, capsys.readouterr().out


def test_phases_are_listed_with_steps_rates_and_sparsity(capsys, small):
    line, text = printed(capsys, small(method="iterative", epochs=160, lr_schedule="constant"))
    assert line == {"phases": 3, "steps": 800 + 797 + 797, "steps_per_epoch": 5}
    assert [" ".join(row.split()) for row in text.splitlines()[1:4]] == [
        "dense initial weights none 0-800 0.1 constant 0.000%",
        "level01 rewound weights prune dense to 1,856 weights 3-800 0.1 constant 20.000%",
        "level02 rewound weights prune level01 to 1,485 weights 3-800 0.1 constant 35.991%",
    ]


def test_layers_are_listed_with_what_the_allocation_leaves_them_at_the_sparsest_phase(capsys, small):
    _, text = printed(capsys, small(method="dsd", sparsity=0.25, allocation="uniform", protect_first=True))
    rows = [" ".join(row.split()) for row in text.splitlines()]
    assert "kernel shape weights density at sparse1" in rows
    assert "hidden1/kernel 64x30 1,920 1 (first layer)" in rows
    assert "hidden2/kernel 30x10 300 0.750000" in rows


@pytest.mark.parametrize(
    ("flags", "target"),
    [
        ({"method": "dense"}, "logits/kernel 10x10 100 1"),
        ({"method": "one_shot"}, "logits/kernel 10x10 100 as ranked over all layers"),
        ({"method": "one_shot", "granularity": "2:4"}, "logits/kernel 10x10 100 2:4"),
        ({"method": "gradual", "allocation": "uniform"}, "logits/kernel 10x10 100 0.200000"),
        ({"method": "rigl"}, "logits/kernel 10x10 100 0.602597"),
        ({"method": "snip"}, "logits/kernel 10x10 100 as ranked over all layers"),
    ],
)
def test_the_density_of_a_layer_is_a_number_where_it_is_known_beforehand(capsys, small, flags, target):
    _, text = printed(capsys, small(**flags))
    assert target in [" ".join(row.split()) for row in text.splitlines()]


def test_a_schedule_is_named_in_place_of_masks(capsys, small):
    _, text = printed(capsys, small(method="gradual"))
    assert "PolynomialDecay schedule" in text


def test_label_noise_is_counted(capsys, small):
    _, text = printed(capsys, small(method="dense", label_noise=0.25))
    assert text.splitlines()[0].startswith("label noise flip_other 0.25: 75 of 300 training labels (25.00%) are wrong;")


def test_masks_that_move_are_told_with_their_rule(capsys, small):
    _, text = printed(capsys, small(method="rigl"))
    row = next(" ".join(row.split()) for row in text.splitlines() if row.startswith("rigl"))
    assert row.startswith("rigl initial weights random at density 0.2, gradient growth")


def test_a_plan_that_cannot_be_carried_out_is_refused(small):
    with pytest.raises(UsageError, match="unknown allocation"):
        describe_plan(small(method="one_shot", allocation="globl"))
