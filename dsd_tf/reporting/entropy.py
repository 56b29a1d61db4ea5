"""Tables and a plot of the entropy of ReLU states, network by network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dsd_tf.analysis.double_descent import Descent
from dsd_tf.analysis.ladder import Curve
from dsd_tf.reporting.sparsity_axis import sparsity_axis
from dsd_tf.reporting.tables import make_table, print_table

_LAYERS_PER_TABLE = 6
_LAYERS_IN_LEGEND = 8


@dataclass(frozen=True)
class Measured:
    """A network's name, its sparsity, and the figures of `dsd_tf.analysis.entropy.Entropy.to_json`."""

    name: str
    sparsity: float
    entropy: dict[str, Any]


def print_entropies(networks: Sequence[Measured]) -> None:
    """Print the entropies of networks of one kind and of their layers, everything about the layers if it is one."""
    _print_networks(networks)
    print()
    if len(networks) == 1:
        _print_layers(networks[0].entropy)
    else:
        _print_layers_of_each(networks)


def _print_networks(networks: Sequence[Measured]) -> None:
    table = make_table("bits", "sparsity", "network", "per unit", "constant units")
    for network in networks:
        entropy = network.entropy
        constant = sum(layer["constant"] * layer["units"] for layer in entropy["layers"])
        share = constant / sum(layer["units"] for layer in entropy["layers"])
        row = f"{network.sparsity:.3%}", f"{entropy['mean']:.4f}", f"{entropy['unit_mean']:.4f}", f"{share:.2%}"
        table.add_row(network.name, *row)
    print_table(table)


def _print_layers_of_each(networks: Sequence[Measured]) -> None:
    names = [layer["name"] for layer in networks[0].entropy["layers"]]
    for start in range(0, len(names), _LAYERS_PER_TABLE):
        part = slice(start, start + _LAYERS_PER_TABLE)
        table = make_table("bits", *names[part])
        for network in networks:
            table.add_row(network.name, *(f"{layer['mean']:.4f}" for layer in network.entropy["layers"][part]))
        print_table(table)


def _print_layers(entropy: dict[str, Any]) -> None:
    table = make_table("ReLU", "units", "bits", "alive units", "bits of alive", "constant units")
    for layer in entropy["layers"]:
        figures = f"{layer['units']:,}", f"{layer['mean']:.4f}", f"{layer['alive']:,}", f"{layer['alive_mean']:.4f}"
        table.add_row(layer["name"], *figures, f"{layer['constant']:.2%}")
    print_table(table)


def plot_entropy_against_sparsity(
    networks: Sequence[Measured], curve: Curve, descent: Descent | None, path: Path
) -> None:
    """A PNG of a ladder's accuracies above and its entropies below, with valley and peak marked if there are any."""
    figure = Figure(figsize=(9, 7), dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, height_ratios=(2, 3), sharex=True)
    _draw_accuracy(above, curve)
    _draw_entropy(below, networks)
    for axes in (above, below):
        sparsity_axis(axes, curve.sparsity) if axes is below else axes.grid(alpha=0.3)
        _mark(axes, descent)
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    with open(path, "wb") as handle:
        figure.savefig(handle, format="png")


def _draw_accuracy(axes, curve: Curve) -> None:
    remaining = [1 - sparsity for sparsity in curve.sparsity]
    for name, accuracies, colour in (("train", curve.train, "tab:gray"), ("test", curve.test, "tab:blue")):
        shown = [100 * accuracy for accuracy in accuracies]
        axes.plot(remaining, shown, label=f"{name} accuracy", color=colour, marker="o", markersize=4)
    axes.set_ylabel("accuracy at the end of the level (%)")


def _draw_entropy(axes, networks: Sequence[Measured]) -> None:
    remaining = [1 - network.sparsity for network in networks]
    layers = list(zip(*(network.entropy["layers"] for network in networks), strict=True))
    # the last quarter of the colours is too pale on white
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.75, len(layers)))
    for index, layer in enumerate(layers):
        label = layer[0]["name"] if len(layers) <= _LAYERS_IN_LEGEND else f"ReLU {index + 1} of {len(layers)}"
        shown = len(layers) <= _LAYERS_IN_LEGEND or index in (0, len(layers) // 2, len(layers) - 1)
        means = [level["mean"] for level in layer]
        axes.plot(remaining, means, label=label if shown else None, color=colours[index], linewidth=0.9)
    network = [network.entropy["mean"] for network in networks]
    axes.plot(remaining, network, label="network (mean of layers)", color="black", marker="o", markersize=4)
    axes.set_ylabel("entropy of the ReLU states (bits per unit)")
    axes.set_ylim(bottom=0)


def _mark(axes, descent: Descent | None) -> None:
    if descent is None:
        return
    marks = ("valley", descent.valley_sparsity, "tab:red"), ("peak", descent.peak_sparsity, "tab:green")
    for name, sparsity, colour in marks:
        axes.axvline(1 - sparsity, color=colour, linestyle="--", label=f"{name} at {100 * sparsity:.4g} %")
