"""How every figure looks: fonts, and a palette that is safe for colour-blind readers."""

from __future__ import annotations

import math
import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito 2008, without the yellow, which is too faint for a line
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", ":", "-.")
INK = "#1b1f24"  # the page turns it into its own text colour
GRID = "#8a939d"

RC: dict[str, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "dsd_tf",
    "savefig.transparent": False,
}

_WIDTH = 10.4  # inches: 749 points, which the page shows about half as large again
_LEGEND_LINE = 0.2
_LEGEND_LETTERS = 110


def grid(count: int, height: float = 3.6, columns: int = 2) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, each `height` inches high, side by side as far as `columns` goes."""
    columns = min(count, columns)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(_WIDTH, height * rows), layout="constrained")
    axes = [figure.add_subplot(rows, columns, index + 1) for index in range(count)]
    return figure, axes


def look(index: int) -> dict[str, Any]:
    """Colour, marker and dashes of the `index`-th of several curves; none are alike before the 24th."""
    turn = index // len(PALETTE)
    return {
        "color": PALETTE[index % len(PALETTE)],
        "marker": MARKERS[(index + turn) % len(MARKERS)],
        "linestyle": DASHES[turn % len(DASHES)],
    }


def legend_below(figure: Figure, axes: Axes) -> None:
    """One legend for all panels, under them; the figure grows by it."""
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        longest = max(map(len, labels))
        columns = max(1, min(len(labels), 150 // (longest + 8)))
        labels = [textwrap.fill(label, _LEGEND_LETTERS) for label in labels]
        lines = sum(1 + label.count("\n") for label in labels)
        figure.set_figheight(figure.get_figheight() + _LEGEND_LINE * math.ceil(lines / columns))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
