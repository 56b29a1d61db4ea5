from __future__ import annotations

import dataclasses

import pytest

from dsd_tf.reporting.html.page import make_page
from dsd_tf.reporting.html.runs import group_runs
from dsd_tf.reporting.html.sweeps import curves_of


def test_runs_that_differ_in_their_sparsity_alone_are_one_curve(sparse_run):
    [curve] = curves_of(
        group_runs([sparse_run(0.9), sparse_run(0.5), sparse_run(0.8, seed=0), sparse_run(0.8, seed=1)])
    )
    assert [round(level.sparsity, 3) for level in curve.levels] == [0.5, 0.8, 0.9]
    assert [len(level.records) for level in curve.levels] == [1, 2, 1]
    assert (curve.alone, curve.is_ladder, len(curve.runs)) == (True, False, 4)


def test_methods_are_curves_of_their_own_called_by_what_differs_but_for_the_sparsity(sparse_run):
    curves = curves_of(group_runs([sparse_run(s, method=method) for method in ("set", "rigl") for s in (0.5, 0.9)]))
    assert [(curve.name, curve.index, curve.alone) for curve in curves] == [
        ("method=set", 0, False),
        ("method=rigl", 1, False),
    ]


def test_they_are_called_as_their_study_calls_them(sparse_run):
    runs = [
        dataclasses.replace(sparse_run(sparsity, method=method), label=f"{method.upper()}, sparsity={sparsity}")
        for method in ("set", "rigl")
        for sparsity in (0.5, 0.9)
    ]
    assert [curve.name for curve in curves_of(group_runs(runs))] == ["SET", "RIGL"]


def test_ladders_are_left_alone(descent_run):
    groups = group_runs([descent_run(sparsity=0.5), descent_run(sparsity=0.6)])
    assert curves_of(groups) == groups


def test_accuracy_under_attack_and_its_gap_are_figures(sparse_run):
    robustness = {
        "test": {"robust_accuracy": 0.5},
        "train": {"robust_accuracy": 0.7},
        "best_epoch": {"test_robust_accuracy": 0.55},
        "gap": 0.2,
    }
    page = make_page([sparse_run(s, robustness=robustness) for s in (0.5, 0.8, 0.9)])
    plots = {plot.name: plot for plot in page.plots}
    assert [row[-2] for row in plots["robust_gap"].rows] == [pytest.approx(20.0)] * 3
    assert len(plots["robustness"].rows) == 3
