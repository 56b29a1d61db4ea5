"""A study of eight runs by the command itself: killed, interrupted, robbed of a node, it goes on; nothing differs."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ["--width=0.1", "--train_examples=300", "--batch_size=64", "--epochs=3", "--method=iterative", "--rounds=1"]
GRID = ["--label_noise=0,0.4", "--lr=0.1,0.2", "--seed=0,1", "--checkpoint_seconds=0"]
NAMES = [f"label_noise={noise}-lr={lr}-seed={seed}" for noise in ("0", "0.4") for lr in (0.1, 0.2) for seed in (0, 1)]


def command(path: Path, workers: int, *more: str) -> list[str]:
    return [str(ROOT / "bin" / "study"), f"--study_dir={path}", *RUN, *GRID, f"--workers={workers}", *more]


def study(path: Path, workers: int = 1) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *command(path, workers)], check=True, capture_output=True, text=True)


def start(path: Path, workers: int, *more: str) -> subprocess.Popen:
    arguments = [sys.executable, *command(path, workers, *more)]
    return subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children()
    return []


def gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def until_gone(workers: list[psutil.Process]) -> None:
    assert workers
    while not all(map(gone, workers)):
        os.sched_yield()


def until(condition, process: subprocess.Popen) -> None:
    while not condition():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
            raise AssertionError(f"it ended too early: {process.stderr.read().decode()}")


def results(path: Path) -> dict[str, str]:
    """The results of every run, as text."""
    return {
        summary.parent.name: json.dumps(json.loads(summary.read_text())["results"])
        for summary in path.glob("runs/*/summary.json")
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The directory of an uninterrupted study and what the command answered."""
    path = tmp_path_factory.mktemp("whole") / "study"
    return path, study(path)


def test_the_command_makes_every_run_and_says_what_they_come_to(whole):
    path, answer = whole
    *table, last = answer.stdout.splitlines()
    assert json.loads(last) == {"runs": 8, "finished": 8, "failed": 0, "study_dir": str(path)}
    assert [line.split()[:3] for line in table] == [
        ["label_noise", "lr", "runs"],
        ["0", "0.1", "2/2"],
        ["0", "0.2", "2/2"],
        ["0.4", "0.1", "2/2"],
        ["0.4", "0.2", "2/2"],
    ]
    assert list(json.loads((path / "study.json").read_text())["runs"]) == NAMES
    ends = [line.split(": ")[0] for line in answer.stderr.splitlines() if ": test " in line]
    assert ends == [f"[{index + 1}/8] {name}" for index, name in enumerate(NAMES)]


def test_its_tables_have_the_figures_of_the_runs(whole):
    path, _ = whole
    found = {name: json.loads(text) for name, text in results(path).items()}
    lines = {line["run"]: line for line in csv.DictReader((path / "study.csv").read_text().splitlines())}
    assert list(lines) == NAMES
    for name, line in lines.items():
        assert float(line["test_accuracy"]) == found[name]["final"]["test_accuracy"]
    levels = list(csv.DictReader((path / "levels.csv").read_text().splitlines()))
    assert [float(level["test.top1"]) for level in levels] == [
        phase["test"]["top1"] for name in NAMES for phase in found[name]["phases"]
    ]


def test_a_run_in_a_process_that_made_others_is_byte_for_byte_that_of_bin_train(whole, tmp_path):
    path, _ = whole
    alone = [f"--run_dir={tmp_path / 'alone'}", "--label_noise=0.4", "--lr=0.2", "--seed=1"]
    subprocess.run([sys.executable, str(ROOT / "bin" / "train"), *RUN, *alone], check=True, capture_output=True)
    summary = json.loads((tmp_path / "alone" / "summary.json").read_text())
    assert results(path)[NAMES[-1]] == json.dumps(summary["results"])


def test_killed_with_its_workers_it_goes_on_and_ends_with_the_uninterrupted_results(whole, tmp_path):
    path = tmp_path / "study"
    process = start(path, workers=2)
    until(lambda: len(results(path)) >= 2, process)
    workers = workers_of(process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    until_gone(workers)
    before = results(path)
    assert 2 <= len(before) < 8
    answer = study(path)
    assert f"[1/{8 - len(before)}]" in answer.stderr
    assert results(path) == results(whole[0])


def test_ctrl_c_ends_it_in_one_line_and_its_workers_too(tmp_path):
    process = start(tmp_path / "study", workers=2)
    until(lambda: len(workers_of(process)) == 2, process)
    workers = workers_of(process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.decode() == "error: interrupted; the same command continues\n"
    assert all(map(gone, workers))


def test_killed_alone_in_the_middle_of_a_run_it_takes_its_worker_along(tmp_path):
    process = start(tmp_path / "study", workers=1)
    until(lambda: any((tmp_path / "study").glob("runs/*/metrics.jsonl")), process)
    workers = workers_of(process)
    process.kill()
    process.communicate()
    until_gone(workers)


def test_a_finished_study_answers_again_without_training(whole):
    path, first = whole
    again = study(path)
    assert (again.stdout, again.stderr) == (first.stdout, "")


@pytest.fixture
def cluster():
    """A Ray cluster of this process: a head that takes no runs, and as many nodes as are added."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    quick = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 200, "health_check_failure_threshold": 5}
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": quick}
    made = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    yield made
    made.shutdown()


def test_on_two_ray_nodes_of_which_one_is_killed_the_results_are_those_of_the_local_engine(whole, cluster, tmp_path):
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    path = tmp_path / "study"
    process = start(path, 1, "--lr=0.1", "--engine=ray", f"--ray_address={cluster.address}")
    until(lambda: results(path), process)
    cluster.remove_node(nodes[0], allow_graceful=False)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    assert len(results(path)) == 4
    assert set(results(path).values()) < set(results(whole[0]).values())
