"""How long networks take for a batch, on this machine, turn by turn.

TensorFlow's threads are set once in a process, so every measurement is one of its own.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_WARM_UP = 3


def latencies(networks: Sequence[Path], *, threads: int, batch: int, rounds: int = 30) -> list[list[float]]:
    """Seconds that each of the .keras files took for a batch of random images in each round, in another process.

    `threads` is how many TensorFlow computes with; 0 for as many as there are processors.
    """
    command = [sys.executable, "-m", __name__, *map(str, (threads, batch, rounds, *networks))]
    environment = os.environ | {"PYTHONPATH": str(_ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"measuring latencies failed: {done.stderr}")
    return json.loads(done.stdout)


def ratio(seconds: Sequence[float], base: Sequence[float]) -> float:
    """The median over rounds of one network's seconds by another's."""
    return statistics.median(own / other for own, other in zip(seconds, base, strict=True))


def _measure(threads: int, batch: int, rounds: int, paths: Sequence[str]) -> list[list[float]]:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    from dsd_tf.export import keras_file
    from dsd_tf.export.inference import InferenceModule

    serving = [InferenceModule(keras_file.load(Path(path))).serve for path in paths]
    images = tf.random.stateless_uniform([batch, *serving[0].input_signature[0].shape[1:]], [0, 0])
    seconds: list[list[float]] = [[] for _ in serving]
    for _ in range(_WARM_UP + rounds):
        for index in random.sample(range(len(serving)), len(serving)):
            start = time.perf_counter()
            serving[index](images)
            seconds[index].append(time.perf_counter() - start)
    return [found[_WARM_UP:] for found in seconds]


if __name__ == "__main__":
    numbers = map(int, sys.argv[1:4])
    print(json.dumps(_measure(*numbers, sys.argv[4:])))
