from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.reporting.html.page import make_page


def anchors(page) -> list[str]:
    return [section.anchor for section in page.sections]


def test_a_run_with_everything_on_record_has_every_section_but_those_of_other_methods(descent_run):
    assert anchors(make_page([descent_run()])) == [
        "results", "accuracy", "best_epoch", "label_noise", "entropy", "learning_distance", "density", "cost",
        "stopping", "training", "levels", "settings", "commands", "runs",
    ]  # fmt: skip


def test_sections_without_data_are_left_out(descent_run):
    run = descent_run()
    for record in run.records:
        for name in ("entropy", "label_noise", "validation", "training_flops", "sparse_training_flops"):
            del record[name]
        record["best_epoch"] = None
    run.epochs.clear()
    page = make_page([run])
    assert {"label_noise", "entropy", "stopping", "training"}.isdisjoint(anchors(page))
    assert "training_cost" not in [plot.name for plot in page.plots]


def test_dense_sparse_dense_training_is_shown_by_phase_and_by_epoch(dsd_run):
    page = make_page([dsd_run()])
    assert anchors(page) == ["results", "phases", "training", "levels", "settings", "commands", "runs"]
    assert [plot.name for plot in page.plots] == ["accuracy_by_phase", "training_runs"]


def test_a_single_phase_is_shown_by_epoch(dsd_run):
    run = dsd_run()
    del run.records[1:]
    assert [plot.name for plot in make_page([run]).plots] == ["training_runs"]


def test_runs_of_different_kinds_share_a_page(descent_run, dsd_run):
    page = make_page([descent_run(), dsd_run()])
    names = [plot.name for plot in page.plots]
    assert {"accuracy", "accuracy_by_phase", "training_runs", "training_phases"} <= set(names)
    assert len(set(names)) == len(names)
    assert page.title == "lenet300 · mnist"


def test_one_shot_runs_of_several_sparsities_make_a_curve_together(dsd_run):
    runs = []
    for index, density in enumerate((0.5, 0.2, 0.1)):
        run = dsd_run(sparsity=1 - density)
        run.records[1]["sparsity"] = 1 - density
        runs.append(run)
        assert "accuracy" not in anchors(make_page(runs[:1])), index
    assert "accuracy" in anchors(make_page(runs))


def test_unfinished_runs_are_warned_of(descent_run):
    page = make_page([descent_run(), descent_run(seed=1, levels=3, finished=False)])
    assert page.warnings == ["runs/mnist-iterative-seed1: unfinished, up to level03."]
    assert page.lead == "2 runs of one configuration, seeds 0, 1."


def test_without_any_finished_phase_there_is_nothing_to_report(descent_run):
    with pytest.raises(UsageError, match="no phase is finished yet in runs/mnist-iterative-seed0"):
        make_page([descent_run(levels=0, finished=False)])


def test_training_is_shown_of_the_landmarks(descent_run):
    [plot] = [plot for plot in make_page([descent_run()]).plots if plot.name == "training_phases"]
    titles = [axes.get_title() for axes in plot.figure.axes]
    assert titles == ["dense", "valley (level10)", "peak (level20)", "sparsest (level24)"]


def test_every_command_is_there(descent_run):
    [section] = [section for section in make_page([descent_run(), descent_run(seed=1)]).sections if section.commands]
    assert [command.split()[0] for command in section.commands] == ["bin/train", "bin/train", "bin/report"]
    assert "--seed=1" in section.commands[1]
