from __future__ import annotations

import pytest

from dsd_tf.reporting.html.style import grid
from dsd_tf.reporting.sparsity_axis import percent_sparse, sparsity_axis

LADDER = [1 - 0.8**level for level in range(25)]


@pytest.mark.parametrize(
    ("sparsity", "text"),
    [(0, "0"), (0.2, "20.0"), (0.488, "48.8"), (1 - 0.8**10, "89.3"), (1 - 0.8**24, "99.53"), (0.999492, "99.949")],
)
def test_a_sparsity_has_two_digits_of_what_remains(sparsity, text):
    assert percent_sparse(sparsity) == text


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
