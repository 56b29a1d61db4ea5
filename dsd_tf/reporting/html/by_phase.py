"""Accuracy phase by phase, for runs that are no sparsity ladder: dense, sparse, dense again."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes

from dsd_tf.reporting.html.curves import Measure, as_plot
from dsd_tf.reporting.html.figures import ACCURACY
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.style import RC, grid, legend_below, look
from dsd_tf.reporting.sparsity_axis import percent_sparse

_CAPTION = (
    "Accuracy at the last epoch of each phase, evaluated without augmentation; bars: one sample standard deviation "
    "over runs. Under each phase: the sparsity it ends with."
)


@matplotlib.rc_context(RC)
def plot_by_phase(groups: Sequence[Group]) -> Plot | None:
    """One group: a curve for each split. Several: their test accuracy."""
    phases: dict[str, list[str]] = {}
    for level in (level for group in groups for level in group.levels):
        phases.setdefault(level.phase, []).append(percent_sparse(level.sparsity))
    if len(phases) < 2:
        return None
    alone = groups[0].alone
    figure, (axes,) = grid(1)
    if alone:
        for index, measure in enumerate(ACCURACY.measures):
            _draw(axes, list(phases), groups[0], measure, measure.label, index)
    else:
        for group in groups:
            _draw(axes, list(phases), group, ACCURACY.measures[0], group.name, group.index)
    ticks = [f"{phase}\n{', '.join(dict.fromkeys(sparsities))} % sparse" for phase, sparsities in phases.items()]
    axes.set_xticks(range(len(phases)), ticks)
    axes.set(xlabel="phase", ylabel="accuracy (%)" if alone else "test accuracy (%)")
    axes.set_xlim(-0.5, len(phases) - 0.5)
    legend_below(figure, axes)
    plot = as_plot(ACCURACY, groups, figure)
    return Plot("accuracy_by_phase", "Accuracy by phase", _CAPTION, figure, plot.columns, plot.rows)


def _draw(axes: Axes, phases: Sequence[str], group: Group, measure: Measure, label: str, index: int) -> None:
    points = [(phases.index(level.phase), stat) for level in group.levels if (stat := level.stat(measure.field))]
    if points:
        mean = [measure.scale * stat.mean for _, stat in points]
        std = [measure.scale * (stat.std or 0.0) for _, stat in points]
        axes.errorbar(
            [at for at, _ in points], mean, yerr=std if any(std) else None, capsize=3, label=label, **look(index)
        )
