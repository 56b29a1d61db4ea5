"""Figures epoch by epoch: of chosen phases, and of whole runs whose phases are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dsd_tf.reporting.html.curves import band
from dsd_tf.reporting.html.levels import Stat
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.style import GRID, RC, grid, legend_below, look

_ACCURACIES = {"test_accuracy": "-", "train_accuracy": "--", "validation_accuracy": ":"}
_COLUMNS = ("configuration", "panel", "figure", "epoch", "mean (%)", "std (%)", "runs")
_TRAIN = "Train accuracy is the running mean over the epoch, on the labels the network is given."


@dataclass(frozen=True)
class Panel:
    """One panel: its title, what it shows, and the phases of each group that it shows one after the other."""

    title: str
    unit: str
    figures: Sequence[str]
    phases: dict[str, list[str]]


@dataclass(frozen=True)
class Trace:
    """What the runs of a group logged of `figure` by epoch; `begins` has the epoch at which each phase begins."""

    group: Group
    figure: str
    epochs: list[int] = field(default_factory=list)
    stats: list[Stat] = field(default_factory=list)
    begins: dict[str, int] = field(default_factory=dict)


def plot_chosen_phases(groups: Sequence[Group], chosen: dict[str, dict[str, list[str]]]) -> Plot | None:
    """Accuracy against the epoch of a phase; `chosen` maps a title to the phase of each group."""
    unit, figures, note = _accuracy(groups)
    panels = [Panel(title, unit, figures, phases) for title, phases in chosen.items()]
    title = "Training, epoch by epoch, of chosen phases"
    return _plot("training_phases", title, f"{note} {band(groups)}".strip(), "epoch of the phase", groups, panels)


def plot_whole_runs(groups: Sequence[Group]) -> Plot | None:
    """Accuracy and sparsity against the epoch of the run, its phases one after the other."""
    unit, figures, note = _accuracy(groups)
    phases = {group.name: [level.phase for level in group.levels] for group in groups}
    panels = [Panel("accuracy", unit, figures, phases), Panel("sparsity", "sparsity (%)", ["sparsity"], phases)]
    caption = f"The phases follow one another. {note} Sparsity is of the prunable weights. {band(groups)}"
    return _plot("training_runs", "Training, epoch by epoch", caption, "epoch of the run", groups, panels)


def _accuracy(groups: Sequence[Group]) -> tuple[str, list[str], str]:
    """Label, figures and a note on accuracy: of every split for one group, of the test set to compare groups by."""
    if groups[0].alone:
        return "accuracy (%)", list(_ACCURACIES), _TRAIN
    return "test accuracy (%)", ["test_accuracy"], ""


@matplotlib.rc_context(RC)
def _plot(
    name: str, title: str, caption: str, x_label: str, groups: Sequence[Group], panels: Sequence[Panel]
) -> Plot | None:
    drawn = [(panel, traces) for panel in panels if (traces := _traces(groups, panel))]
    if not drawn:
        return None
    figure, areas = grid(len(drawn), height=3.2)
    for axes, (panel, traces) in zip(areas, drawn, strict=True):
        _draw_panel(axes, panel, traces)
        axes.set_xlabel(x_label)
        if panel.unit == drawn[0][0].unit and axes is not areas[0]:
            axes.sharey(areas[0])
    legend_below(figure, areas[0])
    rows = [row for panel, traces in drawn for trace in traces for row in _rows(panel, trace)]
    return Plot(name, title, caption, figure, _COLUMNS, rows)


def _traces(groups: Sequence[Group], panel: Panel) -> list[Trace]:
    shown = [group for group in groups if group.name in panel.phases]
    traces = [_trace(group, panel.phases[group.name], figure) for group in shown for figure in panel.figures]
    return [trace for trace in traces if trace.epochs]


def _trace(group: Group, phases: Sequence[str], figure: str) -> Trace:
    trace, before = Trace(group, figure), 0
    for phase in phases:
        logged: dict[int, list[Any]] = {}
        for record in (record for run in group.runs for record in run.epochs if record["phase"] == phase):
            logged.setdefault(record["epoch"], []).append(record.get(figure))
        # a rewound phase begins at a later epoch of the schedule
        shift = before - min(logged, default=0) if before else 0
        trace.begins[phase] = before
        for epoch in sorted(logged):
            if stat := Stat.of(logged[epoch]):
                trace.epochs.append(epoch + shift + 1)
                trace.stats.append(stat)
        before = max(logged, default=-1) + shift + 1
    return trace


def _draw_panel(axes: Axes, panel: Panel, traces: Sequence[Trace]) -> None:
    axes.set(title=panel.title, ylabel=panel.unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for trace in traces:
        if trace.group.alone:
            label, number = trace.figure.removesuffix("_accuracy"), list(panel.figures).index(trace.figure)
        else:
            label, number = trace.group.name, trace.group.index
        _draw(axes, trace, look(number)["color"], label)
    if traces[0].group.alone:
        for phase, begin in list(traces[0].begins.items())[1:]:
            axes.axvline(begin + 0.5, color=GRID, linewidth=1, linestyle=":")
            axes.annotate(phase, (begin + 0.5, 0.02), (3, 0), xycoords=("data", "axes fraction"),
                          textcoords="offset points", fontsize=8)  # fmt: skip


def _draw(axes: Axes, trace: Trace, colour: str, label: str) -> None:
    mean = 100 * np.array([stat.mean for stat in trace.stats])
    std = 100 * np.array([stat.std or 0.0 for stat in trace.stats])
    style = {"linestyle": _ACCURACIES.get(trace.figure, "-"), "marker": "." if len(mean) < 3 else ""}
    axes.plot(trace.epochs, mean, color=colour, label=label, linewidth=1.3, **style)
    if std.any():
        axes.fill_between(trace.epochs, mean - std, mean + std, color=colour, alpha=0.15, linewidth=0)


def _rows(panel: Panel, trace: Trace) -> list[list[Any]]:
    return [
        [trace.group.name, panel.title, trace.figure, epoch, 100 * stat.mean, stat.std and 100 * stat.std, stat.count]
        for epoch, stat in zip(trace.epochs, trace.stats, strict=True)
    ]
