"""`bin/train` on several workers: what cannot be is one line and exit code 2, and others than the chief are silent."""

from __future__ import annotations

import json
import socket

import pytest

from dsd_tf.cli.train import main
from dsd_tf.settings import Settings


@pytest.fixture
def worker(call, tmp_path, monkeypatch):
    """Calls the command as one of two workers, in an empty directory; the other one is not there."""
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in (one, other)]

    def start(index, *arguments):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        return call(main, "--worker_timeout=0.3", *arguments)

    return start


@pytest.mark.parametrize("strategy", ["multi_worker", "auto"])
@pytest.mark.parametrize(
    ("index", "line"),
    [(0, "worker 1 (127.0.0.1:{}) did not come within"), (1, "worker 0 (127.0.0.1:{}, the chief) did not answer")],
)
def test_a_worker_that_does_not_come_is_named_and_nothing_is_written(worker, tmp_path, strategy, index, line):
    answer = worker(index, f"--strategy={strategy}")
    before, after = line.split("{}")
    assert (answer.code, answer.out, len(answer.err)) == (2, [], 1)
    assert answer.err[0].startswith(f"error: {before}")
    assert after in answer.err[0]
    assert not list(tmp_path.iterdir())


def test_a_strategy_of_one_process_does_not_ask_for_others(worker):
    assert worker(1, "--strategy=one_device", "--dataset=minst").err[0].startswith("error: unknown data set")


def test_a_malformed_tf_config_is_one_line(call, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TF_CONFIG", "{}")
    answer = call(main, "--strategy=multi_worker")
    assert (answer.code, answer.out, len(answer.err)) == (2, [], 1)
    assert answer.err[0].startswith("error: TF_CONFIG has no object 'cluster'; it has to be as in")


def test_of_a_run_that_is_complete_only_the_chief_speaks(worker, put_run, tmp_path):
    put_run(tmp_path / "run", Settings(strategy="multi_worker"), accuracy=0.75)
    other = worker(1, "--strategy=multi_worker", "--run_dir=run")
    assert (other.code, other.out, other.err) == (0, [], [])


def test_a_plan_is_printed_without_the_others(worker):
    answer = worker(1, "--strategy=multi_worker", "--dry_run", "--train_examples=300", "--epochs=1", "--width=0.1")
    assert answer.code == 0
    assert json.loads(answer.out[-1])["phases"] == 1
