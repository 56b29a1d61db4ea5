"""Accuracy against sparsity: one point per phase and split."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dsd_tf.reporting.plots import plot_accuracy_against_sparsity


def record(sparsity, test, role="sparse", **splits):
    accuracies = {"train": 1.0, "test": test} | splits
    return {"role": role, "sparsity": sparsity} | {name: {"top1": value} for name, value in accuracies.items()}


@pytest.fixture
def drawn(monkeypatch):
    """The lines a plot draws: label -> [(x, y)]."""
    lines = {}
    plot = Axes.plot

    def remember(self, x, y, **style):
        lines[style["label"]] = list(zip(x, y, strict=True))
        return plot(self, x, y, **style)

    monkeypatch.setattr(Axes, "plot", remember)
    return lines


def test_every_phase_is_a_point_at_its_share_of_remaining_weights(tmp_path, drawn):
    records = [record(0.0, 0.9, "dense"), record(0.5, 0.75), record(0.75, 0.5)]
    plot_accuracy_against_sparsity(records, tmp_path / "a.png")
    assert drawn["test"] == [(1.0, 90.0), (0.5, 75.0), (0.25, 50.0)]
    assert drawn.keys() == {"train", "test"}


def test_phases_that_are_dense_again_are_points_of_their_own(tmp_path, drawn):
    records = [record(0.0, 0.9, "dense"), record(0.5, 0.75), record(0.0, 1.0, "redense")]
    plot_accuracy_against_sparsity(records, tmp_path / "a.png")
    assert drawn["test"] == [(1.0, 90.0), (0.5, 75.0)]
    assert drawn["test, re-dense"] == [(1.0, 100.0)]


def test_a_validation_split_is_drawn_where_there_is_one(tmp_path, drawn):
    plot_accuracy_against_sparsity([record(0.0, 0.9, validation=0.8)], tmp_path / "a.png")
    assert drawn["validation"] == [(1.0, 80.0)]


def test_the_file_is_a_png_whatever_its_name(tmp_path):
    plot_accuracy_against_sparsity([record(0.0, 0.9), record(0.9, 0.8)], tmp_path / "plot.tmp")
    assert (tmp_path / "plot.tmp").read_bytes().startswith(b"\x89PNG\r\n")


def test_the_axis_is_labelled_with_sparsity_in_percent(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: saved.append(self))
    plot_accuracy_against_sparsity([record(0.0, 0.9), record(0.5, 0.9), record(0.9985, 0.8)], tmp_path / "a.png")
    [axes] = saved[0].axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "50.0", "99.85"]
