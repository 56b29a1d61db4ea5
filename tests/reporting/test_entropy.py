"""Entropy for people: tables that fit the page, and a plot with valley and peak where there are any."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from dsd_tf.analysis.double_descent import find_descent
from dsd_tf.analysis.ladder import Curve
from dsd_tf.reporting.entropy import Measured, plot_entropy_against_sparsity, print_entropies


def measured(name, sparsity, means) -> Measured:
    layers = [
        {"name": f"relu{index}", "units": 10, "mean": mean, "alive": 8, "alive_mean": mean, "constant": 0.1}
        for index, mean in enumerate(means)
    ]
    figures = {"images": 5, "mean": sum(means) / len(means), "unit_mean": 0.25, "layers": layers}
    return Measured(name, sparsity, figures)


def test_levels_are_rows_and_layers_are_spread_over_tables(capsys):
    print_entropies([measured("dense", 0.0, [0.5] * 17), measured("level01", 0.2, [0.25] * 17)])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 118 for line in lines)
    assert lines[1].split() == ["dense", "0.000%", "0.5000", "0.2500", "10.00%"]
    headers = [word for line in lines if line.startswith("bits") for word in line.split() if word.startswith("relu")]
    assert headers == [f"relu{index}" for index in range(17)]
    assert sum(line.startswith("level01") for line in lines) == 1 + 3


def test_of_a_single_network_every_layer_is_a_row(capsys):
    print_entropies([measured("level01", 0.2, [0.5, 0.25])])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["relu0", "10", "0.5000", "8", "0.5000", "10.00%"] in rows


@pytest.fixture
def figure(monkeypatch):
    """The figures that are saved."""
    saved, save = [], Figure.savefig

    def remember(self, *args, **kwargs):
        saved.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", remember)
    return saved


DESCENT = Curve([0.0, 0.5, 0.75, 0.875], [0.8, 0.6, 0.9, 0.3], [1.0, 1.0, 0.9, 0.5])
NETWORKS = [measured(f"level{index}", sparsity, [0.1, 0.3]) for index, sparsity in enumerate(DESCENT.sparsity)]


def lines(axes) -> dict[str, list]:
    return {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axes.get_lines()}


def test_the_plot_has_accuracies_above_and_entropies_below(tmp_path, figure):
    plot_entropy_against_sparsity(NETWORKS, DESCENT, find_descent(DESCENT), tmp_path / "a.tmp")
    above, below = figure[0].axes
    assert lines(above)["test accuracy"] == [(1.0, 80.0), (0.5, 60.0), (0.25, 90.0), (0.125, 30.0)]
    assert lines(below)["network (mean of layers)"] == [(1 - level.sparsity, 0.2) for level in NETWORKS]
    assert lines(below)["relu1"] == [(1 - level.sparsity, 0.3) for level in NETWORKS]
    assert (above.get_ylabel(), below.get_ylabel(), below.get_xlabel()) == (
        "accuracy at the end of the level (%)",
        "entropy of the ReLU states (bits per unit)",
        "sparsity of the prunable weights (%)",
    )
    assert (tmp_path / "a.tmp").read_bytes().startswith(b"\x89PNG\r\n")


def test_valley_and_peak_are_marked_where_there_are_any(tmp_path, figure):
    plot_entropy_against_sparsity(NETWORKS, DESCENT, find_descent(DESCENT), tmp_path / "a.png")
    plot_entropy_against_sparsity(NETWORKS, DESCENT, None, tmp_path / "b.png")
    for axes in figure[0].axes:
        assert lines(axes)["valley at 50 %"] == [(0.5, 0), (0.5, 1)]
        assert lines(axes)["peak at 75 %"] == [(0.25, 0), (0.25, 1)]
    assert not any("valley" in label for axes in figure[1].axes for label in lines(axes))


def test_of_many_layers_the_legend_names_three(tmp_path, figure):
    many = [measured(level.name, level.sparsity, [0.5] * 17) for level in NETWORKS]
    plot_entropy_against_sparsity(many, DESCENT, None, tmp_path / "a.png")
    shown = [text.get_text() for text in figure[0].axes[1].get_legend().get_texts()]
    assert shown == ["ReLU 1 of 17", "ReLU 9 of 17", "ReLU 17 of 17", "network (mean of layers)"]
