"""`bin/train`: bad input is one line and exit code 2 with nothing written; results are on standard output."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dsd_tf import registry
from dsd_tf.cli.train import main
from dsd_tf.data import digits
from dsd_tf.experiment.phases import PhaseRunner
from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--width=0.1", "--train_examples=300", "--batch_size=64", "--epochs=1"]


@pytest.fixture
def train(call, tmp_path, monkeypatch):
    """Calls the command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: call(main, *FLAGS, *arguments)


def assert_refused(answer, part, code=2):
    assert (answer.code, answer.out) == (code, [])
    assert [line.startswith("error: ") for line in answer.err] == [True]
    assert part in answer.err[0]


BAD = [
    ("--dataset=minst", "unknown data set 'minst'; did you mean 'mnist'"),
    ("--model=resnet-18", "unknown --model 'resnet-18'; did you mean 'resnet18'?"),
    ("--method=iteratve", "unknown --method 'iteratve'; did you mean 'iterative'?"),
    ("--score=magnitud", "unknown --score 'magnitud'; did you mean 'magnitude'?"),
    ("--export=saved_model", "unknown --export 'saved_model'; did you mean 'savedmodel'?"),
    ("--methd=dsd", "Unknown command line flag 'methd'. Did you mean: method"),
    ("--epochs=ten", "flag --epochs=ten: invalid literal"),
    ("--sparsity=1.0", "--sparsity must be in [0, 1), got 1.0"),
    ("--sparsity=-0.1", "--sparsity must be in [0, 1), got -0.1"),
    ("--begin=10", "--begin: time '10': give epochs as 160ep, steps as 500it, or a share of training as 40%"),
    ("--flagfile=nowhere.flags", "Unable to open flagfile"),
    ("--num_classes=3", "--num_classes=3, but digits has labels up to 9"),
    ("--dataset=image_folder", "image_folder needs --data_dir"),
    ("--run_dir=/dev/null/run", "cannot make --run_dir=/dev/null/run: Not a directory"),
    ("train", "'train' is not a flag"),
]


@pytest.mark.parametrize(("argument", "part"), BAD, ids=[argument for argument, _ in BAD])
def test_bad_input_is_one_line_and_nothing_is_written(train, tmp_path, argument, part):
    assert_refused(train(argument), part)
    assert not list(tmp_path.iterdir())


def test_a_schedule_that_ends_after_training_is_refused(train, tmp_path):
    answer = train("--method=gradual", "--epochs=20", "--end=200ep")
    assert_refused(answer, "--end=200ep is step 1000, after training ends at step 100")
    assert not list(tmp_path.iterdir())


def test_a_data_set_that_is_not_on_disk_without_a_network_says_how_to_supply_it(train, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    answer = train("--dataset=mnist", "--data_dir=data")
    assert_refused(answer, "data set 'mnist' is not in data/mnist")
    assert "no network reaches" in answer.err[0]
    assert "name the folder that holds it with --data_dir" in answer.err[0]
    assert not list(tmp_path.iterdir())


def test_labels_out_of_range_are_refused(train, tmp_path, monkeypatch):
    load = digits.load_digits

    def with_an_eleventh_class():
        bunch = load()
        bunch.target[7] = 10
        return bunch

    monkeypatch.setattr(digits, "load_digits", with_an_eleventh_class)
    assert_refused(
        train("--validation_fraction=0", "--train_examples=0"), "labels are outside [0, 10), the first is 10"
    )
    assert not list(tmp_path.iterdir())


def test_a_directory_of_another_configuration_is_refused_naming_the_flags(train, tmp_path):
    with RunDirectory(tmp_path / "run", Settings(width=0.1, train_examples=300, batch_size=64, epochs=1)) as directory:
        directory.create({}, {})
    before = (tmp_path / "run" / "config.json").read_bytes()
    answer = train("--run_dir=run", "--lr=0.2", "--method=dsd")
    assert_refused(answer, "belongs to another configuration: --lr=0.2 (was 0.1), --method=dsd (was dense)")
    assert (tmp_path / "run" / "config.json").read_bytes() == before


def test_a_directory_with_other_files_is_refused(train, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("text")
    assert_refused(train("--run_dir=run"), "holds other files and no config.json")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.tex"]


def test_a_second_process_on_a_running_directory_is_refused(train, tmp_path):
    settings = Settings(width=0.1, train_examples=300, batch_size=64, epochs=1)
    with RunDirectory(tmp_path / "run", settings) as directory:
        directory.create({}, {})
        assert_refused(train("--run_dir=run"), "--run_dir=run is in use by another process")


def test_diverged_training_is_one_line_and_exit_code_3(train, tmp_path):
    answer = train("--run_dir=run", "--lr=1e25")
    assert_refused(answer, "training diverged in dense: ", code=3)
    assert "the last good state is in run; try a lower --lr" in answer.err[0]
    assert not list(tmp_path.rglob("*.npz"))


def test_a_full_disk_is_one_line_and_exit_code_2(train, tmp_path, file_size_limit):
    with file_size_limit(8_000):
        answer = train("--run_dir=run")
    assert_refused(answer, "cannot write run/phases/dense.npz: File too large; what was there before is intact")
    assert not list(tmp_path.rglob(".tmp*"))


def test_interrupting_says_that_the_same_command_continues(train, monkeypatch):
    monkeypatch.setattr(PhaseRunner, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    answer = train("--run_dir=run")
    assert (answer.code, answer.err) == (130, ["error: interrupted; the same command continues"])


def test_a_dry_run_prints_the_plan_and_makes_no_directory(train, tmp_path):
    answer = train("--method=iterative", "--rounds=2", "--dry_run")
    assert (answer.code, answer.err) == (0, [])
    assert "level02" in "\n".join(answer.out)
    assert json.loads(answer.out[-1]) == {"phases": 3, "steps": 15, "steps_per_epoch": 5}
    assert not list(tmp_path.iterdir())


def python(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run made by the command itself, in a process of its own: its directory, command and answer."""
    path = tmp_path_factory.mktemp("trained") / "run"
    command = [str(ROOT / "bin" / "train"), *FLAGS, "--method=one_shot", f"--run_dir={path}"]
    return path, command, python(*command, check=True)


def test_results_are_on_standard_output_with_json_last_and_progress_on_standard_error(trained):
    path, _, answer = trained
    *table, last = answer.stdout.splitlines()
    final = json.loads((path / "summary.json").read_text())["results"]["final"]
    assert json.loads(last).items() >= (final | {"run_dir": str(path)}).items()
    assert any(line.startswith("hidden1/kernel") for line in table)
    assert [line.split()[:2] for line in answer.stderr.splitlines()] == [
        ["[1/2]", "dense:"],
        ["[2/2]", "level01:"],
    ]


def test_a_finished_run_answers_again_without_importing_tensorflow(trained):
    _, command, first = trained
    program = f"""
import runpy, sys
sys.argv = {command!r}
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(sorted({{"tensorflow", "keras"}} & set(sys.modules)), file=sys.stderr)
"""
    again = python("-c", program, check=True)
    assert again.stdout == first.stdout
    assert again.stderr == "[]\n"


def test_the_configuration_of_a_finished_run_is_still_checked(trained, train):
    path, _, _ = trained
    assert_refused(train("--method=one_shot", "--seed=1", f"--run_dir={path}"), "--seed=1 (was 0)")


@pytest.mark.parametrize("command", sorted(path.name for path in (ROOT / "bin").iterdir()))
def test_help_imports_neither_tensorflow_nor_keras(command):
    program = f"""
import runpy, sys
sys.argv = [{str(ROOT / "bin" / command)!r}, "--help"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(sorted({{"tensorflow", "keras"}} & set(sys.modules)), file=sys.stderr)
"""
    answer = python("-c", program, check=True)
    assert answer.stderr == "[]\n"
    assert "Flags (" in answer.stdout


def test_help_lists_every_setting_and_every_name_it_takes(train):
    text = "\n".join(train("--help").out)
    for field in dataclasses.fields(Settings):
        assert f"  --{field.name}=" in text
    for name in (*registry.METHODS, *registry.RETRAIN_POLICIES, *registry.MODELS, *registry.EXPORT_FORMATS):
        assert name in text
    assert "  --run_dir=" in text
    assert "  --dry_run=false" in text


@pytest.mark.parametrize("config", sorted(path.name for path in (ROOT / "configs").glob("*.flags")))
def test_every_published_configuration_is_a_valid_one(call, monkeypatch, config):
    monkeypatch.setattr("dsd_tf.cli.train._describe_plan", dataclasses.asdict)
    answer = call(main, f"--flagfile={ROOT / 'configs' / config}", "--dry_run")
    assert answer.code == 0
    assert json.loads(answer.out[-1])["method"] in registry.METHODS
