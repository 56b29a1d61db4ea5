"""The search for units: energies, how many are kept, how much states differ; and which layers keep how many."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from dsd_tf.reporting.html.levels import Stat
from dsd_tf.reporting.html.networks import COLUMNS, network_rows
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.style import RC, grid, legend_below, look
from dsd_tf.reporting.html.tables import Table, percent

_MOST_POINTS = 400
_INCHES_PER_LAYER = 0.2
_FIGURES = {
    "energy_best": ("energy, least of the population", 1),
    "energy_mean": ("energy, mean of the population", 1),
    "units_on": ("units on in the best state (%)", 100),
    "state_diversity": ("bits in which two states differ (%)", 100),
}


def searching(groups: Sequence[Group]) -> list[Group]:
    """The groups that searched for units."""
    return [group for group in groups if any(run.search for run in group.runs)]


def network_table(groups: Sequence[Group]) -> Table:
    """The networks in the columns of the EDropout papers."""
    rows = list(network_rows(groups))
    blocks = [
        ("" if group.alone else group.name, [row.cells for row in rows if row.configuration == group.name])
        for group in groups
    ]
    caption = (
        "On test data, mean and sample standard deviation over runs. (F): all units; (P): the chosen ones. R: the "
        "percentage of parameters that are left, #p: their number, where units are pruned those of the compacted "
        "network. The papers' R counts a unit with all its inputs, whether these are left or not."
    )
    return Table("Networks", COLUMNS, blocks, caption)


@matplotlib.rc_context(RC)
def plot_search(groups: Sequence[Group]) -> Plot | None:
    """What the generations came to: means over runs, and over neighbouring generations where there are many."""
    shown = searching(groups)
    if not shown:
        return None
    figure, panels = grid(len(_FIGURES), height=2.6)
    rows = []
    for axes, (figure_name, (title, scale)) in zip(panels, _FIGURES.items(), strict=True):
        axes.set(title=title, xlabel="generation (training step)")
        for group in shown:
            steps, values = _over_runs(group, figure_name)
            axes.plot(steps, scale * values, color=look(group.index)["color"], label=group.name, linewidth=1.2)
            rows += [[group.name, title, step, scale * value] for step, value in zip(steps, values, strict=True)]
    if not shown[0].alone:
        legend_below(figure, panels[0])
    caption = (
        "Every generation of the search until it is frozen; energy: -10 times the mean margin of the right class on "
        f"the batch, low is good. Mean over runs, in up to {_MOST_POINTS} points, each the mean of its generations."
    )
    title = "Energy, units and diversity of the population"
    return Plot("unit_search", title, caption, figure, ["configuration", "figure", "generation", "value"], rows)


def _over_runs(group: Group, figure: str) -> tuple[list[int], np.ndarray]:
    """The last generation of every point, and the mean of its generations in all runs that got so far."""
    found = [run.search[figure] for run in group.runs if run.search]
    shortest = min(map(len, found))
    mean = np.mean([values[:shortest] for values in found], axis=0)
    points = np.array_split(np.arange(shortest), min(shortest, _MOST_POINTS))
    return [int(point[-1]) + 1 for point in points], np.array([mean[point].mean() for point in points])


@matplotlib.rc_context(RC)
def plot_units(groups: Sequence[Group]) -> Plot | None:
    """The share of each layer's units that the best state keeps, by epoch; a line where the search ended."""
    tables = {group.name: _shares(group) for group in searching(groups)}
    if not tables:
        return None
    most = max(len(shares) for shares in tables.values())
    figure, panels = grid(len(tables), height=1.1 + _INCHES_PER_LAYER * max(4, most))
    for axes, group in zip(panels, searching(groups), strict=True):
        image = _draw(axes, tables[group.name], _frozen_after(group))
        axes.set_title("" if group.alone else group.name)
    figure.colorbar(image, ax=panels, label="units on (%)", fraction=0.03, pad=0.01)
    rows = [
        [name, layer, epoch, share]
        for name, shares in tables.items()
        for layer, of_epochs in shares.items()
        for epoch, share in enumerate(of_epochs, 1)
    ]
    caption = (
        "Share of each layer's units that are on in the best state at the end of an epoch (mean over runs). White "
        "line: the search ends, the state is frozen. First layer at the top."
    )
    return Plot("unit_layers", "Units kept by layer", caption, figure, ["configuration", "layer", "epoch", "%"], rows)


def _shares(group: Group) -> dict[str, list[float]]:
    """By layer, the percentage of units that are on at the end of each epoch, the mean over runs."""
    runs = [[epoch["on_by_gate"] for epoch in _epochs(run.epochs)] for run in group.runs]
    on = np.mean([run[: min(map(len, runs))] for run in runs], axis=0)
    gates = _gates(group)
    shares = 100 * on / [gate["units"] for gate in gates]
    return {gate["name"]: of_epochs.tolist() for gate, of_epochs in zip(gates, shares.T, strict=True)}


def _epochs(records: Sequence[dict]) -> list[dict]:
    return [record for record in records if "on_by_gate" in record]


def _gates(group: Group) -> list[dict]:
    return group.levels[-1].records[0]["units"]["gates"]


def _frozen_after(group: Group) -> int:
    """How many epochs the search took, in the first run."""
    return sum(not epoch["frozen"] for epoch in _epochs(group.runs[0].epochs))


def _draw(axes: Axes, shares: dict[str, list[float]], searched: int):
    values = np.array(list(shares.values()))
    image = axes.imshow(values, vmin=0, vmax=100, cmap="cividis", aspect="auto", interpolation="none")
    axes.grid(False)
    axes.set_yticks(range(len(shares)), list(shares))
    step = max(1, values.shape[1] // 10)
    axes.set_xticks(range(0, values.shape[1], step), range(1, values.shape[1] + 1, step))
    axes.set_xlabel("epoch")
    if 0 < searched < values.shape[1]:
        axes.axvline(searched - 0.5, color="white", linewidth=1.5)
    return image


def unit_table(groups: Sequence[Group]) -> Table | None:
    """Units by layer: how many there are, how many were on while the search went on, and how many are kept."""
    blocks = []
    for group in searching(groups):
        shares, searched = _shares(group), _frozen_after(group)
        rows = [
            [gate["name"], f"{gate['units']:,}", _mean(values[:searched]), _mean(values[searched:])]
            for gate, values in zip(_gates(group), shares.values(), strict=True)
        ]
        blocks.append(("" if group.alone else group.name, rows))
    columns = ("layer", "units", "on while searching (%)", "on since frozen (%)")
    caption = "Mean over epochs and runs of the best state at the end of an epoch."
    return Table("Units by layer", columns, blocks, caption, folded=True) if blocks else None


def _mean(percentages: Sequence[float]) -> str:
    return percent(Stat.of(share / 100 for share in percentages)) if percentages else "–"
