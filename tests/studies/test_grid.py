"""Grids: which combinations there are, what they are called, what they refer to."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.studies.grid import Grid


def names(grid: Grid) -> list[str]:
    return list(grid.points)


def test_a_grid_is_every_combination_and_the_seed_varies_fastest():
    grid = Grid({"seed": (0, 1), "width": (0.5, 1.0), "epochs": (3,)}, {})
    assert grid.axes == {"width": (0.5, 1.0), "seed": (0, 1)}
    assert names(grid) == ["width=0.5-seed=0", "width=0.5-seed=1", "width=1-seed=0", "width=1-seed=1"]
    assert [dict(point.values) for point in grid.points.values()][1] == {"epochs": 3, "width": 0.5, "seed": 1}
    assert [point.axes for point in grid.points.values()][1] == {"width": 0.5, "seed": 1}


def test_variants_are_one_more_axis():
    grid = Grid({"seed": (0, 1), "retrain": ("rewind",)}, {"a": {}, "b": {"retrain": "scratch", "lr": 0.2}})
    assert names(grid) == ["variant=a-seed=0", "variant=a-seed=1", "variant=b-seed=0", "variant=b-seed=1"]
    assert grid.points["variant=a-seed=1"].values == {"seed": 1, "retrain": "rewind"}
    assert grid.points["variant=b-seed=1"].values == {"seed": 1, "retrain": "scratch", "lr": 0.2}


def test_what_a_variant_gives_has_one_value_in_it():
    grid = Grid({"kd_alpha": (0.2, 0.8)}, {"teacher": {"kd_alpha": 0.5}, "student": {}})
    assert names(grid) == [
        "variant=teacher-kd_alpha=0.5",
        "variant=student-kd_alpha=0.2",
        "variant=student-kd_alpha=0.8",
    ]


def test_a_single_variant_is_not_in_the_names():
    assert names(Grid({"seed": (0, 1)}, {"only": {"lr": 0.3}})) == ["seed=0", "seed=1"]


def test_a_reference_is_to_the_run_of_that_variant_with_the_same_values_on_the_other_axes():
    grid = Grid(
        {"kd_alpha": (0.2, 0.8), "seed": (0, 1)},
        {"student": {"teacher": "@dense", "init_from": "@dense/model.keras"}, "dense": {"kd_alpha": 0.5}},
    )
    point = grid.points["variant=student-kd_alpha=0.8-seed=1"]
    assert grid.target(point, "teacher") is grid.points["variant=dense-kd_alpha=0.5-seed=1"]
    assert grid.target(point, "init_from") is grid.points["variant=dense-kd_alpha=0.5-seed=1"]


def test_runs_come_after_those_they_refer_to():
    grid = Grid({"seed": (0, 1)}, {"c": {"teacher": "@b"}, "b": {"masks_from": "@a"}, "a": {}})
    order = [point.name for point in grid.ordered()]
    assert sorted(order) == sorted(names(grid))
    for seed in (0, 1):
        places = [order.index(f"variant={name}-seed={seed}") for name in "abc"]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("given", "variants", "problem"),
    [
        ({}, {}, "nothing varies: give a flag several values, as in --seed=0,1,2"),
        ({"seed": (3,)}, {"only": {}}, "nothing varies"),
        ({"seed": tuple(range(1001)), "width": tuple(range(1, 11))}, {}, "the study has 10,010 runs; at most 10,000"),
    ],
)
def test_a_grid_of_nothing_or_of_too_much_is_refused(given, variants, problem):
    with pytest.raises(UsageError) as error:
        Grid(given, variants)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("given", "variants", "problem"),
    [
        ({"seed": (0, 1), "teacher": ("@dense",)}, {}, "unknown variant in --teacher 'dense'"),
        ({}, {"a": {"teacher": "@bb"}, "b": {}}, "unknown variant in --teacher 'bb'; did you mean 'b'?"),
        ({}, {"a": {"teacher": "@a"}, "b": {}}, "runs wait for one another: variant=a -> variant=a"),
        ({}, {"a": {"teacher": "@b"}, "b": {"masks_from": "@a"}}, "runs wait for one another: variant="),
        (
            {"width": (1.0, 2.0)},
            {"a": {"teacher": "@b", "width": 4.0}, "b": {}},
            "--teacher=@b of variant=a-width=4 needs a run variant=b-width=4, which the study has not",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_or_in_a_circle_is_refused(given, variants, problem):
    with pytest.raises(UsageError) as error:
        Grid(given, variants).ordered()
    assert problem in str(error.value)
