"""Curves over sparsity: mean and standard deviation over seeds of what the phases recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from dsd_tf.reporting.html.levels import Level
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.style import RC, grid, legend_below, look
from dsd_tf.reporting.sparsity_axis import sparsity_axis


@dataclass(frozen=True)
class Measure:
    """A field of the records, what to call it, and the factor to its unit on paper; not all are worth a panel of their
    own where groups are compared.
    """

    field: str
    label: str
    scale: float = 1.0
    compared: bool = True


@dataclass(frozen=True)
class CurveFigure:
    """What a figure over sparsity shows; `unit` labels its vertical axis, which may have SI prefixes for `counts`."""

    name: str
    title: str
    caption: str
    unit: str
    measures: tuple[Measure, ...]
    logarithmic: bool = False
    counts: bool = False


@matplotlib.rc_context(RC)
def plot_curves(what: CurveFigure, groups: Sequence[Group]) -> Plot | None:
    """The figure of these groups; None where no phase knows what it shows."""
    drawn = draw(what, groups)
    if drawn is None:
        return None
    figure, panels = drawn
    legend_below(figure, panels[0])
    return as_plot(what, groups, figure)


def draw(what: CurveFigure, groups: Sequence[Group]) -> tuple[Figure, list[Axes]] | None:
    """One group: its measures are curves in one panel. Several: a panel for each measure, a curve for each group.

    The legend is left to the caller.
    """
    worth = [measure for measure in what.measures if measure.compared or groups[0].alone]
    known = [measure for measure in worth if any(_points(group, measure) for group in groups)]
    if not known:
        return None
    figure, panels = grid(1 if groups[0].alone else len(known))
    for number, measure in enumerate(known):
        for group in groups:
            if group.alone:
                draw_curve(panels[0], _points(group, measure), measure, measure.label, number)
            else:
                panels[number].set_title(measure.label)
                draw_curve(panels[number], _points(group, measure), measure, group.name, group.index)
    for axes in panels:
        _label(axes, what, groups)
    return figure, panels


def as_plot(what: CurveFigure, groups: Sequence[Group], figure: Figure) -> Plot:
    """The figure with the numbers of all its curves."""
    columns = ["configuration", "phase", "sparsity (%)", "runs"]
    for measure in what.measures:
        columns += [f"{measure.label}, mean", f"{measure.label}, std"]
    rows = [
        [group.name, level.phase, 100 * level.sparsity, len(level.records), *_cells(level, what.measures)]
        for group in groups
        for level in group.levels
    ]
    caption = f"{what.caption} {band(groups)}".rstrip()
    return Plot(what.name, what.title, caption, figure, columns, rows)


def band(groups: Sequence[Group]) -> str:
    """What a band around a curve means, if there is any."""
    several = any(len(group.runs) > 1 for group in groups)
    return "Mean over runs, in a band of one sample standard deviation." if several else ""


def draw_curve(axes: Axes, points: Sequence[tuple[Level, Any]], measure: Measure, label: str, index: int) -> None:
    """The means as a line with markers, in a band of one standard deviation to either side."""
    if not points:
        return
    style = look(index)
    remaining = np.array([1 - level.sparsity for level, _ in points])
    mean = measure.scale * np.array([stat.mean for _, stat in points])
    std = measure.scale * np.array([stat.std or 0.0 for _, stat in points])
    axes.plot(remaining, mean, label=label, **style)
    if std.any():
        axes.fill_between(remaining, mean - std, mean + std, color=style["color"], alpha=0.18, linewidth=0)


def _points(group: Group, measure: Measure) -> list[tuple[Level, Any]]:
    found = [(level, level.stat(measure.field)) for level in group.ladder]
    return [(level, stat) for level, stat in found if stat]


def _label(axes: Axes, what: CurveFigure, groups: Sequence[Group]) -> None:
    sparsity_axis(axes, [level.sparsity for group in groups for level in group.ladder])
    axes.set_ylabel(what.unit)
    if what.logarithmic:
        axes.set_yscale("log")
    if what.counts:
        axes.yaxis.set_major_formatter(EngFormatter())


def _cells(level: Level, measures: Sequence[Measure]) -> list[float | None]:
    cells: list[float | None] = []
    for measure in measures:
        stat = level.stat(measure.field)
        cells += [stat and measure.scale * stat.mean, stat and stat.std and measure.scale * stat.std]
    return cells
