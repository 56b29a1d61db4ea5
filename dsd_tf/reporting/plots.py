"""Plots for people who look rather than read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dsd_tf.reporting.sparsity_axis import sparsity_axis

_SPLITS = {"train": ("o", "tab:gray"), "validation": ("^", "tab:orange"), "test": ("s", "tab:blue")}


def plot_accuracy_against_sparsity(records: Sequence[dict[str, Any]], path: Path) -> None:
    """A PNG of accuracy at the end of every phase against the sparsity of the prunable weights.

    The axis is the share of weights that remain, logarithmic, as sparsity levels are a geometric ladder.
    """
    figure = Figure(figsize=(9, 5), dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ladder = [record for record in records if record["role"] != "redense"]
    again = [record for record in records if record["role"] == "redense"]
    for split, (marker, colour) in _SPLITS.items():
        if split not in records[0]:
            continue
        _draw(axes, ladder, split, marker=marker, color=colour, label=split, linestyle="-", markersize=4)
        _draw(axes, again, split, marker="*", color=colour, label=f"{split}, re-dense", linestyle="", markersize=11)
    sparsity_axis(axes, [record["sparsity"] for record in records])
    axes.set_ylabel("accuracy at the end of the phase (%)")
    axes.grid(alpha=0.3)
    axes.legend()
    with open(path, "wb") as handle:
        figure.savefig(handle, format="png")


def _draw(axes, records: Sequence[dict[str, Any]], split: str, **style) -> None:
    if records:
        remaining = [1 - record["sparsity"] for record in records]
        axes.plot(remaining, [100 * record[split]["top1"] for record in records], **style)
