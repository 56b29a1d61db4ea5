"""The figure this is about: accuracy against sparsity, with phases, valley and peak."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes

from dsd_tf.reporting.html.curves import as_plot, draw
from dsd_tf.reporting.html.figures import ACCURACY
from dsd_tf.reporting.html.findings import VALLEY_AND_PEAK, Findings
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.style import INK, PALETTE, RC, legend_below, look
from dsd_tf.reporting.sparsity_axis import percent_sparse

_SHADES = {"light": PALETTE[5], "critical": PALETTE[1], "sweet": PALETTE[2], "collapsed": "#8a939d"}
_NARROW = 0.09
"""Share of the axis below which the name of a phase would meet its neighbour's."""


@matplotlib.rc_context(RC)
def plot_accuracy(findings: Sequence[Findings]) -> Plot | None:
    """Accuracy against sparsity; one group has its phases shaded, and all have valley and peak marked."""
    groups = [one.group for one in findings]
    drawn = draw(ACCURACY, groups)
    if drawn is None:
        return None
    figure, panels = drawn
    for one in findings:
        _mark(panels[0], one)
        _draw_redense(panels[0], one.group)
        if one.group.alone:
            _shade(panels[0], one)
    legend_below(figure, panels[0])
    plot = as_plot(ACCURACY, groups, figure)
    if any(one.descent for one in findings):
        plot = dataclasses.replace(plot, caption=f"{plot.caption} {VALLEY_AND_PEAK}")
    return plot


def _mark(axes: Axes, findings: Findings) -> None:
    descent = findings.descent
    if descent is None:
        return
    for name, sparsity, accuracy, below in (
        ("valley", descent.valley_sparsity, descent.valley_accuracy, True),
        ("peak", descent.peak_sparsity, descent.peak_accuracy, False),
    ):
        point = (1 - sparsity, 100 * accuracy)
        axes.plot(*point, marker="v" if below else "^", markersize=10, markerfacecolor="none", markeredgecolor=INK)
        if findings.group.alone:
            text = f"{name}: {100 * accuracy:.1f} % at {percent_sparse(sparsity)} %"
            axes.annotate(text, point, (0, -20 if below else 13), textcoords="offset points", ha="center")
    axes.margins(y=0.13)


def _draw_redense(axes: Axes, group: Group) -> None:
    """Networks that were trained dense again, at the sparsity they come from."""
    points = []
    for before, level in itertools.pairwise(group.levels):
        if level.role == "redense" and before.role != "redense":
            points.append((1 - before.sparsity, 100 * level.stat("test.top1").mean))
    if points:
        label = "test, trained dense again" if group.alone else f"{group.name}, trained dense again"
        axes.plot(*zip(*points, strict=True), "*", markersize=9, color=look(group.index)["color"], label=label)


def _shade(axes: Axes, findings: Findings) -> None:
    """The phases as bands that meet half way between levels."""
    remaining = [1 - level.sparsity for level in findings.group.ladder]
    left, right = axes.get_xlim()
    for phase in findings.phases:
        start = left if phase.first == 0 else math.sqrt(remaining[phase.first - 1] * remaining[phase.first])
        at_end = phase.last == len(remaining) - 1
        end = right if at_end else math.sqrt(remaining[phase.last] * remaining[phase.last + 1])
        axes.axvspan(start, end, color=_SHADES[phase.name], alpha=0.13, linewidth=0)
        narrow = math.log(start / end) < _NARROW * math.log(left / right)
        place = (math.sqrt(start * end), 1.0)
        axes.annotate(
            phase.name.capitalize(),
            place,
            (0, 16 if narrow else 4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            weight="bold",
        )
