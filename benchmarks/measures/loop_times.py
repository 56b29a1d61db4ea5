"""The time of a step in several loops, by turns, each in a process of its own."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
from collections.abc import Sequence

from benchmarks.measures.process import Process
from benchmarks.measures.turns import take_turns

TITLES = {
    "dsd_tf": "dsd_tf",
    "dsd_tf_bfloat16": "dsd_tf, bfloat16",
    "fit_numpy": "plain Keras, fit on arrays",
    "fit_dataset": "plain Keras, tf.data",
    "tfmot": "TFMOT on tf_keras",
    "torch": "PyTorch",
    "torch_bfloat16": "PyTorch, bfloat16",
}
_NEEDS = {"tfmot": ("tf_keras", "tensorflow_model_optimization"), "torch": ("torch",), "torch_bfloat16": ("torch",)}


def missing(loop: str) -> str:
    """Why a loop cannot run here; empty if it can."""
    absent = [module for module in _NEEDS.get(loop, ()) if importlib.util.find_spec(module) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def loop_times(loops: Sequence[str], network: str, batch: int, examples: int, rounds: int) -> dict[str, list[float]]:
    """Seconds per step in each round of the loops that can run here."""
    with contextlib.ExitStack() as stack:
        sides = {}
        for loop in loops:
            if not missing(loop):
                process = stack.enter_context(Process("loops.py", loop, network, str(batch), str(examples)))
                sides[loop] = functools.partial(_seconds, process)
        return take_turns(sides, rounds)


def _seconds(process: Process) -> float:
    return process.ask()["seconds"]
