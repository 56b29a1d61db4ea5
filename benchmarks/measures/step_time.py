"""Training steps: pruned beside dense, in dsd_tf on Keras 3 and in TFMOT on tf_keras, turn by turn."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measures.rows import Row, quartiles

TRAINER = Path(__file__).with_name("trainer.py")
VARIANTS = {
    "keras": ("dense", "masks at rest", "every 100 steps", "every step"),
    "tf_keras": ("dense", "every 100 steps", "every step"),
}
LIBRARY = {"keras": "dsd_tf", "tf_keras": "TFMOT"}
TARGETS = {
    ("lenet300", "every 100 steps"): 1.10,
    ("lenet300", "every step"): 1.50,
    ("cnn", "every 100 steps"): 1.03,
}


@dataclass(frozen=True)
class Plan:
    """`rounds` turns of every variant; each turn trains two stretches of `stretch` steps and times the second."""

    network: str
    title: str
    rounds: int
    stretch: int


FULL = (
    Plan("lenet300", "LeNet-300-100, batch 128", rounds=16, stretch=200),
    Plan("cnn", "4-conv CIFAR net, batch 64", rounds=8, stretch=100),
)
QUICK = (
    Plan("lenet300", "LeNet-300-100, batch 128", rounds=4, stretch=200),
    Plan("cnn", "4-conv CIFAR net, batch 64", rounds=2, stretch=100),
)


class Trainer:
    """The process that trains with one Keras."""

    def __init__(self, keras: str, plan: Plan):
        # all stretches and the untraced first one: masks change until the end
        total = 2 * plan.stretch * (plan.rounds + 1)
        environment = os.environ | {"TF_USE_LEGACY_KERAS": "1" if keras == "tf_keras" else "0"}
        command = [sys.executable, TRAINER, keras, plan.network, str(total), str(plan.stretch)]
        self._process = subprocess.Popen(
            command,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def train(self, variant: str) -> dict[str, float]:
        self._process.stdin.write(variant + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def measure(plan: Plan) -> list[Row]:
    trainers = {keras: Trainer(keras, plan) for keras in VARIANTS}
    turns = [(keras, variant) for keras, variants in VARIANTS.items() for variant in variants]
    for keras, variant in turns:  # traces the training functions
        trainers[keras].train(variant)
    seconds = {turn: [] for turn in turns}
    zeros = {}
    for _ in range(plan.rounds):
        for turn in random.sample(turns, len(turns)):
            answer = trainers[turn[0]].train(turn[1])
            seconds[turn].append(answer["seconds"])
            zeros[turn] = answer["zeros"]
    for trainer in trainers.values():
        trainer.close()
    _check_pruned(zeros)
    return [_row(plan, turn, seconds) for turn in turns]


def _check_pruned(zeros: dict[tuple[str, str], float]) -> None:
    for (keras, variant), share in zeros.items():
        expected = 0.9 if variant.startswith("every") else 0.0
        if abs(share - expected) > 0.01:
            raise RuntimeError(f"{LIBRARY[keras]}, {variant}: {share:.3f} of the weights are zero, not {expected}")


def _row(plan: Plan, turn: tuple[str, str], seconds: dict[tuple[str, str], list[float]]) -> Row:
    keras, variant = turn
    median = statistics.median(seconds[turn])
    if variant == "dense":
        return Row(f"{plan.title}: dense {keras} fit", f"{median * 1e3:.2f} ms/step")
    ratios = [own / dense for own, dense in zip(seconds[turn], seconds[keras, "dense"], strict=True)]
    low, high = quartiles(ratios)
    return Row(
        f"{plan.title}: {LIBRARY[keras]}, masks {variant}".replace("masks masks", "masks"),
        f"{statistics.median(ratios):.3f}x dense",
        f"{low:.3f} to {high:.3f}; {median * 1e3:.2f} ms/step",
        TARGETS.get((plan.network, variant)) if keras == "keras" else None,
        statistics.median(ratios),
    )
