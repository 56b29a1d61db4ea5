"""Options of the search that make no sense are refused."""

from __future__ import annotations

import pytest

from dsd_tf.edropout.options import SearchOptions
from dsd_tf.errors import UsageError


def test_the_defaults_are_those_of_the_published_runs():
    options = SearchOptions()
    assert (options.population, options.probability, options.mutation, options.crossover) == (8, 0.5, 0.9, 0.9)
    assert (options.operator, options.sparsity_weight) == ("edropout_code", 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"population": 3}, "population 3: a candidate is made of three other states"),
        ({"probability": 0.0}, "probability 0.0 of a unit to be on must lie inside"),
        ({"probability": 1.0}, "probability 1.0"),
        ({"mutation": 1.5}, "mutation rate 1.5"),
        ({"crossover": -0.1}, "crossover rate -0.1"),
        ({"sparsity_weight": float("nan")}, "sparsity_weight nan must be finite and not negative"),
        ({"sparsity_weight": float("inf")}, "sparsity_weight inf must be finite"),
        ({"population": 100_000}, "population 100000: .* give 4 to 1024"),
        ({"patience": -1}, "patience -1"),
        ({"memory": -1}, "memory -1"),
        ({"operator": "bde_xr"}, "did you mean 'bde_xor'"),
    ],
)
def test_a_value_out_of_its_range_is_named(values, message):
    with pytest.raises(UsageError, match=message):
        SearchOptions(**values)
