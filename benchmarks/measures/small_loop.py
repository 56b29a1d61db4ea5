"""Steps of a network so small that the loop around it counts: dsd_tf beside plain Keras and, if there, PyTorch."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measures.loops import LOOPS
from measures.rows import Row, ratio_row

BATCHES = (64, 128)
TITLES = {
    "dsd_tf": "dsd_tf",
    "fit_numpy": "plain Keras, fit on arrays",
    "fit_dataset": "plain Keras, tf.data, 32 steps per execution",
    "torch": "PyTorch",
}
# of the steps per second: 2.5 times plain `fit` on arrays, 1.15 times PyTorch
TARGETS = {("fit_numpy", 64): 1 / 2.5, ("torch", 64): 1 / 1.15}


def measure(quick: bool) -> Iterator[Row]:
    loops = [loop for loop in LOOPS if loop != "torch" or importlib.util.find_spec("torch")]
    for batch in BATCHES:
        seconds = _take_turns(loops, batch, rounds=4 if quick else 15)
        for other in loops[1:]:
            yield ratio_row(
                f"LeNet-300-100, 10,000 images, batch {batch}: dsd_tf's loop beside {TITLES[other]}",
                seconds["dsd_tf"],
                seconds[other],
                to=TITLES[other],
                unit="ms/step",
                scale=1e3,
                target=TARGETS.get((other, batch)),
            )


def _take_turns(loops: list[str], batch: int, rounds: int) -> dict[str, list[float]]:
    with contextlib.ExitStack() as stack:
        processes = {loop: stack.enter_context(_Loop(loop, batch)) for loop in loops}
        for process in processes.values():
            process.train()
        seconds = {loop: [] for loop in loops}
        for _ in range(rounds):
            for loop in random.sample(loops, len(loops)):
                seconds[loop].append(processes[loop].train())
    return seconds


class _Loop(contextlib.AbstractContextManager):
    """A process that runs one loop; `train` is the seconds per step of two epochs."""

    def __init__(self, loop: str, batch: int):
        script = Path(__file__).with_name("loops.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), loop, str(batch)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def train(self) -> float:
        self._process.stdin.write("train\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"failed: run {' '.join(self._process.args)} by hand to see why")
        return float(answer)

    def __exit__(self, *error) -> None:
        self._process.stdin.close()
        self._process.wait()
