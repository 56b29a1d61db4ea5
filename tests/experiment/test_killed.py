"""The main promise: kill the process whenever you like, start it again, and nothing is lost or changed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dsd_tf.settings import Settings

TRAIN = Path(__file__).resolve().parents[2] / "bin" / "train"


def command(settings: Settings, path: Path) -> list[str]:
    values = {**dataclasses.asdict(settings), "checkpoint_seconds": 0, "run_dir": path}
    return [sys.executable, str(TRAIN), *(f"--{name}={value}" for name, value in values.items())]


def epochs_written(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return (path / "metrics.jsonl").read_bytes().count(b"\n")
    return 0


def kill_after(arguments: list[str], path: Path, epochs: int) -> None:
    """Start the command and kill it at a random moment after it has trained so many epochs more, some 20 at most
    beyond them: the run has to be long enough.
    """
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    target = epochs_written(path) + epochs
    while process.poll() is None and epochs_written(path) < target:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.005)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(random.uniform(0, 0.1))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def finish(arguments: list[str]) -> None:
    subprocess.run(arguments, check=True, capture_output=True)


def read(path: Path):
    """Results, and how many epochs and phases are on record."""
    results = json.loads((path / "summary.json").read_text())["results"]
    return results, epochs_written(path), len((path / "levels.jsonl").read_text().splitlines())


def test_killed_twice_it_ends_with_the_uninterrupted_result(finished, small, tmp_path):
    whole = finished(method="iterative", retrain="rewind", epochs=80)
    arguments = command(small(method="iterative", retrain="rewind", epochs=80), tmp_path / "run")
    for _ in range(2):
        kill_after(arguments, tmp_path / "run", epochs=random.randint(1, 12))
    finish(arguments)
    assert read(tmp_path / "run") == read(whole.path)
    assert read(whole.path)[1:] == (240, 3)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["one_device", "mirrored"])
def test_killed_twenty_times_it_ends_with_the_uninterrupted_result(small, tmp_path, strategy):
    settings = small(method="iterative", retrain="redense", epochs=150, strategy=strategy)
    finish(command(settings, tmp_path / "whole"))
    arguments = command(settings, tmp_path / "killed")
    for _ in range(20):
        kill_after(arguments, tmp_path / "killed", epochs=random.randint(0, 5))
    finish(arguments)
    assert read(tmp_path / "killed") == read(tmp_path / "whole")
    assert read(tmp_path / "killed")[1:] == (750, 5)
