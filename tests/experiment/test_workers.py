"""Two workers on one machine train what one device trains, whoever of them is killed meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dsd_tf.settings import Settings

TRAIN = Path(__file__).resolve().parents[2] / "bin" / "train"
SECONDS = 300


class Workers:
    """The processes of a run on two workers; to be used in a `with` block, at whose end none is left."""

    def __init__(self, settings: Settings, path: Path):
        self.path = path
        values = {**dataclasses.asdict(settings), "strategy": "multi_worker", "worker_timeout": 60, "run_dir": path}
        arguments = [sys.executable, str(TRAIN), *(f"--{name}={value}" for name, value in values.items())]
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
            addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
        self.processes = [
            subprocess.Popen(
                arguments,
                env=os.environ | {"TF_CONFIG": _config(addresses, index), "TMPDIR": str(path.parent)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for index in range(2)
        ]

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    def ends(self) -> list[tuple[int, str, str]]:
        """Exit code, standard output and standard error of each, when it has ended by itself."""
        said = [process.communicate(timeout=SECONDS) for process in self.processes]
        return [(process.returncode, *texts) for process, texts in zip(self.processes, said, strict=True)]

    def kill_after(self, index: int, epochs: int) -> None:
        """Kill one once so many epochs more are written."""
        target = epochs_written(self.path) + epochs
        process = self.processes[index]
        while process.poll() is None and epochs_written(self.path) < target:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.005)
        process.send_signal(signal.SIGKILL)


def _config(addresses: list[str], index: int) -> str:
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


def epochs_written(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return (path / "metrics.jsonl").read_bytes().count(b"\n")
    return 0


def finish(settings: Settings, path: Path) -> None:
    with Workers(settings, path) as workers:
        (chief, printed, _), (other, *said) = workers.ends()
        assert (chief, other) == (0, 0)
        assert json.loads(printed.splitlines()[-1])["run_dir"] == str(path)
        assert said == ["", ""]


def figures(path: Path) -> list[list[float]]:
    lines = map(json.loads, (path / "metrics.jsonl").read_text().splitlines())
    names = ("step", "sparsity", "train_loss", "train_accuracy", "validation_loss", "test_loss")
    return [[line[name] for name in names] for line in lines]


def results(path: Path) -> dict:
    return json.loads((path / "summary.json").read_text())["results"]


def test_killed_and_started_again_two_workers_end_as_one_device_does(small, finished, tmp_path):
    settings = small(method="iterative", epochs=12, checkpoint_seconds=0)
    with Workers(settings, tmp_path / "run") as workers:
        workers.kill_after(index=1, epochs=2)
        (code, printed, error), _ = workers.ends()
    assert (code, printed) == (4, "")
    line = error.splitlines()[-1]
    assert line.startswith("error: worker 1 (127.0.0.1:")
    assert line.endswith(") is gone; start all workers again to go on from the last checkpoint")
    finish(settings, tmp_path / "run")
    alone = finished(method="iterative", epochs=12)
    for two, one in zip(figures(tmp_path / "run"), figures(alone.path), strict=True):
        assert two == pytest.approx(one, rel=1e-4)
    kept = [[phase["kept_by_kernel"] for phase in run["phases"]] for run in (results(tmp_path / "run"), alone.results)]
    assert kept[0] == kept[1]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["set", "rigl", "snfs", "dsd", "gradual"])
def test_two_workers_train_as_one_device_does(small, finished, tmp_path, method):
    finish(small(method=method), tmp_path / "run")
    alone = finished(method=method)
    for two, one in zip(figures(tmp_path / "run"), figures(alone.path), strict=True):
        assert two == pytest.approx(one, rel=1e-4)


@pytest.mark.slow
def test_killed_ten_times_they_end_with_the_uninterrupted_result(small, tmp_path):
    settings = small(method="iterative", retrain="redense", epochs=120, checkpoint_seconds=0)
    finish(settings, tmp_path / "whole")
    for _ in range(10):
        with Workers(settings, tmp_path / "killed") as workers:
            killed = random.randrange(2)
            workers.kill_after(killed, epochs=random.randint(1, 10))
            assert workers.ends()[1 - killed][0] == 4
    finish(settings, tmp_path / "killed")
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
    assert figures(tmp_path / "killed") == figures(tmp_path / "whole")
