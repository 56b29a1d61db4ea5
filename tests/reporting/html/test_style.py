from __future__ import annotations

import pytest

from dsd_tf.reporting.html.style import grid, legend_below, look, percent_sparse, sparsity_axis

LADDER = [1 - 0.8**level for level in range(25)]


@pytest.mark.parametrize(
    ("sparsity", "text"),
    [(0, "0"), (0.2, "20.0"), (0.488, "48.8"), (1 - 0.8**10, "89.3"), (1 - 0.8**24, "99.53"), (0.999492, "99.949")],
)
def test_a_sparsity_has_two_digits_of_what_remains(sparsity, text):
    assert percent_sparse(sparsity) == text


def test_curves_do_not_look_alike():
    looks = [tuple(sorted(look(index).items())) for index in range(24)]
    assert len(set(looks)) == 24


def test_the_axis_falls_from_all_weights_to_few_with_ticks_on_levels():
    _, [axes] = grid(1)
    sparsity_axis(axes, LADDER)
    left, right = axes.get_xlim()
    assert left > 1 > 0.8**24 > right
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "0"
    assert set(labels) <= {percent_sparse(sparsity) for sparsity in LADDER}
    assert 8 <= len(labels) <= 13


def test_narrow_panels_have_fewer_ticks():
    _, panels = grid(2)
    sparsity_axis(panels[0], LADDER)
    assert 5 <= len(panels[0].get_xticks()) <= 8


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
