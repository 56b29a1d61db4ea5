"""`bin/difficulty`: scores of runs and files, averaged, and a subset to train on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dsd_tf.cli.difficulty import main
from dsd_tf.data.difficulty import Difficulty
from dsd_tf.experiment.runner import run
from dsd_tf.experiment.workbench import load_images
from dsd_tf.registry import DIFFICULTY_SCORES
from dsd_tf.settings import Settings

SMALL = {"width": 0.1, "train_examples": 200, "epochs": 2, "data_seed": 0, "record_learning": True}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    """Two runs on the same examples, and one on others."""
    place = tmp_path_factory.mktemp("runs")
    for name, values in (("a", {"seed": 0}), ("b", {"seed": 1}), ("other", {"seed": 1, "data_seed": 1})):
        run(Settings(**SMALL | values), str(place / name))
    return [place / name for name in ("a", "b", "other")]


@pytest.fixture
def scored(call, tmp_path):
    """Calls the command and reads what it wrote."""

    def with_flags(*arguments: str) -> tuple[dict, Difficulty]:
        answer = call(main, *arguments, f"--output={tmp_path}/scores.npz")
        assert answer.code == 0, answer.err
        return json.loads(answer.out[-1]), Difficulty.load(tmp_path / "scores.npz")

    return with_flags


@pytest.mark.parametrize("score", [*DIFFICULTY_SCORES, "forgetting"])
def test_scores_of_several_runs_are_averaged(scored, runs, score):
    alone = [scored(f"--run_dir={path}", f"--score={score}")[1].scores for path in runs[:2]]
    line, both = scored(f"--run_dir={runs[0]},{runs[1]}", f"--score={score}")
    np.testing.assert_allclose(both.scores, np.mean(alone, axis=0))
    assert (line["examples"], line["networks"], line["score"]) == (200, 2, score)
    assert (both.dataset, both.set_size, both.score) == ("digits", 1437, score)
    assert line["most"] == both.scores.max() > both.scores.min()


def test_files_are_scored_as_the_runs_they_come_from(scored, runs):
    _, of_run = scored(f"--run_dir={runs[0]}")
    _, of_file = scored(f"--model={runs[0]}/model.keras", "--train_examples=200")
    assert np.array_equal(of_run.scores, of_file.scores)
    assert of_run.names.tolist() == of_file.names.tolist()


def test_a_run_trains_on_the_hardest_by_another_seed(scored, runs, tmp_path):
    _, found = scored(f"--run_dir={runs[0]}", "--score=loss")
    subset = {"train_subset": str(tmp_path / "scores.npz"), "hardest": 0.25, "train_examples": 0}
    # the file has scores of 200 examples only
    settings = Settings(**SMALL | subset | {"seed": 5, "train_examples": 0})
    with pytest.raises(ValueError, match="1,093 of the 1,293 training examples have no score"):
        load_images(settings)
    whole = load_images(Settings(data_seed=0))
    everything = Difficulty("digits", 1437, "loss", whole.train_names, np.arange(1293.0))
    everything.save(tmp_path / "scores.npz")
    images = load_images(settings)
    assert images.train_names.tolist() == whole.train_names[-323:].tolist()


BAD = [
    ([], "give either --run_dir or --model"),
    (["--run_dir=a", "--model=b.keras"], "give either --run_dir or --model"),
    (["--model=b.keras", "--score=E2LN"], "unknown --score 'E2LN'; did you mean 'el2n'"),
    (["--model=b.keras", "--output=scores.csv"], "--output=scores.csv must be an .npz file"),
    (["--model=b.keras", "--score=forgetting"], "--phase and --score=forgetting go with --run_dir"),
    (["--model=absent.keras"], "--model=absent.keras does not exist"),
    (["--run_dir=/"], "/ is not a run directory"),
]


@pytest.mark.parametrize(("flags", "line"), BAD, ids=[line for _, line in BAD])
def test_bad_flags_are_one_line_and_exit_2(call, tmp_path, flags, line):
    answer = call(main, f"--output={tmp_path}/scores.npz", *flags)
    assert (answer.code, answer.out) == (2, [])
    assert line in answer.err[0]
    assert not list(tmp_path.iterdir())


def test_runs_on_other_examples_cannot_be_averaged(call, runs, tmp_path):
    answer = call(main, f"--run_dir={runs[0]},{runs[2]}", f"--output={tmp_path}/scores.npz")
    assert answer.code == 2
    assert "other trained on other examples than the first: --data_seed=1 (not 0)" in answer.err[-1]


def test_forgetting_is_of_the_examples_a_run_trained_on(call, runs, tmp_path):
    flags = ("--score=forgetting", "--train_examples=100", f"--output={tmp_path}/scores.npz")
    answer = call(main, f"--run_dir={runs[0]}", *flags)
    assert answer.code == 2
    assert "--score=forgetting is of the examples the runs trained on: leave flags of the data out" in answer.err[-1]
