"""Maps of a figure over layers and sparsity levels: density, entropy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from dsd_tf.reporting.html.levels import Level, Stat
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.style import RC, grid
from dsd_tf.reporting.sparsity_axis import most_ticks, percent_sparse

_INCHES_PER_LAYER = 0.24

# layer -> its figure in one record
Row = dict[str, float]


def plot_density(groups: Sequence[Group]) -> Plot | None:
    """The share of each kernel's weights that is kept."""

    def density(group: Group, record: dict[str, Any]) -> Row:
        kept = record["kept_by_kernel"]
        return {name: 100 * kept[name] / size for name, size in group.kernel_sizes.items()}

    caption = (
        "Share of each kernel's weights that is kept (mean over runs), on a logarithmic colour scale; blank: none is. "
        "First layer at the top."
    )
    label = "weights kept (%)"
    return _plot_map("layer_density", "Density of each layer", caption, label, groups, density, logarithmic=True)


def plot_entropy(groups: Sequence[Group]) -> Plot | None:
    """The entropy of each layer's ON/OFF states."""

    def entropy(_: Group, record: dict[str, Any]) -> Row:
        return {layer["name"]: layer["mean"] for layer in (record.get("entropy") or {}).get("layers", ())}

    caption = (
        "Entropy of the ON/OFF states of each layer's ReLU units over the training images (mean over units, then over "
        "runs): 0 bits if every unit is always on or always off, 1 bit if each is on for half of the images."
    )
    label = "bits per unit"
    return _plot_map("layer_entropy", "Entropy of each layer", caption, label, groups, entropy)


@matplotlib.rc_context(RC)
def _plot_map(
    name: str,
    title: str,
    caption: str,
    label: str,
    groups: Sequence[Group],
    figure_of: Callable[[Group, dict[str, Any]], Row],
    logarithmic: bool = False,
) -> Plot | None:
    tables = {group.name: _table(group, figure_of) for group in groups if group.is_ladder}
    tables = {group: table for group, table in tables.items() if table}
    if not tables:
        return None
    values = [value for table in tables.values() for row in table for value in row[1].values() if value > 0] or [1.0]
    norm = (LogNorm if logarithmic else Normalize)(min(values) if logarithmic else 0, max(values))
    layers = max(len(_layers(table)) for table in tables.values())
    figure, panels = grid(len(tables), height=1.1 + _INCHES_PER_LAYER * max(3, layers))
    for axes, (group, table) in zip(panels, tables.items(), strict=True):
        image = _draw(axes, table, norm)
        if len(tables) > 1:
            axes.set_title(group)
    figure.colorbar(image, ax=panels, label=label, fraction=0.03, pad=0.01, format="{x:g}")
    rows = [
        [group, level.phase, 100 * level.sparsity, layer, value]
        for group, table in tables.items()
        for level, row in table
        for layer, value in row.items()
    ]
    return Plot(name, title, caption, figure, ["configuration", "phase", "sparsity (%)", "layer", label], rows)


def _table(group: Group, figure_of: Callable[[Group, dict[str, Any]], Row]) -> list[tuple[Level, Row]]:
    """The mean over runs of each layer, by level; levels without figures are left out."""
    table = []
    for level in group.ladder:
        rows = [row for record in level.records if (row := figure_of(group, record))]
        if rows:
            table.append((level, {name: Stat.of(row[name] for row in rows).mean for name in rows[0]}))
    return table


def _layers(table: Sequence[tuple[Level, Row]]) -> list[str]:
    return list(table[0][1])


def _draw(axes: Axes, table: Sequence[tuple[Level, Row]], norm: Normalize) -> Any:
    layers = _layers(table)
    values = np.array([[row[layer] for _, row in table] for layer in layers])
    masked = np.ma.masked_less_equal(values, 0) if isinstance(norm, LogNorm) else values
    image = axes.imshow(masked, norm=norm, cmap="cividis", aspect="auto", interpolation="none")
    axes.grid(False)
    axes.set_yticks(range(len(layers)), [layer.removesuffix("/kernel") for layer in layers])
    step = math.ceil(len(table) / most_ticks(axes))
    shown = range(0, len(table), step)
    axes.set_xticks(shown, [percent_sparse(table[index][0].sparsity) for index in shown])
    axes.set_xlabel("sparsity of the prunable weights (%)")
    return image
