"""`bin/study`: bad input is one line and exit code 2 with nothing written; what is there; what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsd_tf.cli import study as command
from dsd_tf.cli.study import main
from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.settings import Settings
from dsd_tf.studies.engine import Failed, Finished

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs" / "studies").glob("*.flags"))


@pytest.fixture
def study(call, tmp_path, monkeypatch):
    """Calls the command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: call(main, "--study_dir=study", *arguments)


@pytest.fixture
def engine(monkeypatch, put_run):
    """In place of the local engine, one that makes runs without training; those with an odd seed fail.

    Its value is a list of the numbers of workers it was made for.
    """
    made_for = []

    class Engine:
        def __init__(self, options):
            self.slots = options.workers
            made_for.append(options.workers)
            self._runs = []

        def start(self, run):
            self._runs.append(run)

        def wait(self):
            run = self._runs.pop()
            if run.settings.seed % 2:
                return [Failed(run, "no luck")]
            put_run(run.path, run.settings, accuracy=0.5 + run.settings.lr)
            return [Finished(run)]

        def stop(self):
            pass

    monkeypatch.setattr("dsd_tf.studies.local_engine.LocalEngine", Engine)
    return made_for


BAD = [
    (["--study_dir="], "--study_dir is missing"),
    ([], "nothing varies: give a flag several values, as in --seed=0,1,2"),
    (["--sead=0,1"], "Unknown command line flag 'sead'. Did you mean: seed"),
    (["--flagfile=nowhere.flags"], "Unable to open flagfile"),
    (["--seed=0,one"], "--seed: 'one' is not a whole number"),
    (["--seed=0,0"], "--seed=0,0 lists 0 twice"),
    (["--model=lenet5,lenet30"], "unknown --model 'lenet30'; did you mean 'lenet300'?"),
    (["--seed=0,1", "--label_noise=0,1.5"], "1.5"),
    (["--seed=0,1", "--export=saved_model"], "unknown --export 'saved_model'; did you mean 'savedmodel'?"),
    (["--data_dir=a,b"], "results do not depend on --data_dir"),
    (["--seed=" + ",".join(map(str, range(10_001)))], "the study has 10,001 runs; at most 10,000 are possible"),
    (["--seed=0,1", "--variant=a: --sead=3"], "unknown flag in --variant=a: 'sead'; did you mean 'seed'?"),
    (["--seed=0,1", "--teacher=@dense"], "unknown variant in --teacher 'dense'"),
    (["--variant=a: --teacher=@b", "--variant=b: --teacher=@a"], "runs wait for one another: "),
    (["--seed=0,1", "--engine=locl"], "unknown --engine 'locl'; did you mean 'local'?"),
    (["--seed=0,1", "--workers=0"], "flag --workers=0"),
    (["--seed=0,1", "--study_dir=/dev/null/study"], "cannot make --study_dir=/dev/null/study: Not a directory"),
]


@pytest.mark.parametrize(("arguments", "part"), BAD, ids=[part for _, part in BAD])
def test_bad_input_is_one_line_and_nothing_is_written(study, tmp_path, arguments, part):
    answer = study(*arguments)
    assert (answer.code, answer.out, len(answer.err)) == (2, [], 1)
    assert part in answer.err[0]
    assert not list(tmp_path.iterdir())


def test_a_directory_of_another_configuration_is_named_before_anything_starts(study, tmp_path, engine):
    with RunDirectory("study/runs/seed=4", Settings(seed=4, lr=0.2)) as directory:
        directory.create({}, {})
    answer = study("--seed=2,4")
    assert answer.code == 2
    assert "study/runs/seed=4 belongs to another configuration: --lr=0.1 (was 0.2)" in answer.err[0]
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["runs"]


def test_a_dry_run_lists_the_runs_and_what_there_is_of_them(study, tmp_path, put_run):
    put_run("study/runs/variant=a-seed=0", Settings(seed=0), accuracy=0.9)
    put_run("study/runs/variant=a-seed=1", Settings(seed=1))
    answer = study("--seed=0,1", "--variant=a:", "--variant=b: --teacher=@a", "--dry_run")
    *table, last = answer.out
    assert (answer.code, answer.err) == (0, [])
    assert [line.split() for line in table] == [
        ["run", "needs", "state"],
        ["variant=a-seed=0", "finished"],
        ["variant=a-seed=1", "begun"],
        ["variant=b-seed=0", "variant=a-seed=0", "missing"],
        ["variant=b-seed=1", "variant=a-seed=1", "missing"],
    ]
    assert json.loads(last) == {"runs": 4, "finished": 1, "begun": 1, "missing": 2, "study_dir": "study"}
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["runs"]


def test_runs_that_fail_are_reported_at_the_end_with_exit_code_1(study, tmp_path, engine):
    (tmp_path / "study" / "logs").mkdir(parents=True)
    (tmp_path / "study" / "logs" / "lr=0.2-seed=1.log").write_text("what happened")
    answer = study("--seed=0,1,2", "--lr=0.1,0.2")
    assert answer.code == 1
    assert json.loads(answer.out[-1]) == {"runs": 6, "finished": 4, "failed": 2, "study_dir": "study"}
    assert [line.split() for line in answer.out[1:-1]] == [
        ["0.1", "2/3", "60.00%", "±", "0.00", "50.00%", "±", "0.00"],
        ["0.2", "2/3", "70.00%", "±", "0.00", "50.00%", "±", "0.00"],
    ]
    assert answer.err[-2:] == [
        "failed: lr=0.1-seed=1: no luck",
        "failed: lr=0.2-seed=1: no luck (log: study/logs/lr=0.2-seed=1.log)",
    ]
    assert (tmp_path / "study" / "study.csv").read_text().count("no luck") == 2


def test_more_values_add_the_runs_that_are_missing(study, engine, put_run):
    for seed in (0, 2):
        put_run(f"study/runs/seed={seed}", Settings(seed=seed), accuracy=0.6)
    answer = study("--seed=0,2,4", "--lr=0.1,0.3", "--workers=8")
    assert answer.code == 0
    assert [line.split(":")[0] for line in answer.err] == [
        f"[{index + 1}/4] lr={lr}-seed={seed}"
        for index, (lr, seed) in enumerate([(0.3, 4), (0.3, 2), (0.3, 0), (0.1, 4)])
    ]
    assert engine == [4]
    assert [line.split()[:3] for line in answer.out[1:-1]] == [["0.1", "3/3", "60.00%"], ["0.3", "3/3", "80.00%"]]


@pytest.mark.parametrize(("flag", "runs"), [("nesterov", 2), ("nonesterov", 2), ("nesterov=true,false", 4)])
def test_boolean_flags_take_their_short_forms_and_lists(study, flag, runs):
    answer = study(f"--{flag}", "--seed=0,1", "--dry_run")
    assert json.loads(answer.out[-1])["runs"] == runs


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_published_study_is_accepted_and_says_how_to_run_it(call, monkeypatch, path):
    monkeypatch.chdir(ROOT)
    answer = call(main, f"--flagfile={path}", "--dry_run")
    assert (answer.code, answer.err) == (0, [])
    header = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert any(f"bin/study --flagfile=configs/studies/{path.name}" in line for line in header)


def test_help_tells_how_values_are_listed(call):
    text = "\n".join(call(main, "--help").out)
    for part in ("--seed=0,1,2", "by semicolons", "@rewind", "--workers=1", "--label_noise=0.0"):
        assert part in text
    assert command.ABOUT.strip() in text
