from __future__ import annotations

import pytest

from dsd_tf.reporting.html.style import grid, legend_below, look


def test_curves_do_not_look_alike():
    looks = [tuple(sorted(look(index).items())) for index in range(24)]
    assert len(set(looks)) == 24


def test_a_legend_wraps_its_labels_and_makes_room_for_them():
    figure, [axes] = grid(1)
    axes.plot([1], [1], label="lr=0.1, " * 20)
    height = figure.get_figheight()
    legend_below(figure, axes)
    [label] = [text.get_text() for text in figure.legends[0].get_texts()]
    assert all(len(line) <= 110 for line in label.splitlines())
    assert figure.get_figheight() == pytest.approx(height + 2 * 0.2)


def test_panels_stand_two_in_a_row():
    figure, panels = grid(3, height=2)
    assert (len(panels), figure.get_figheight()) == (3, 4)
    assert panels[0].get_gridspec().ncols == 2
