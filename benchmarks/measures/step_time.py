"""Training steps: pruned beside dense, in dsd_tf on Keras 3 and in TFMOT on tf_keras, turn by turn."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measures.rows import Row, ratio_row
from benchmarks.measures.trainer_process import LIBRARY, TITLES, trainer
from benchmarks.measures.turns import take_turns

PRUNED = ("every 100 steps", "every step")
TURNS = [
    *(("keras", variant) for variant in ("dense", "unchanged", *PRUNED)),
    *(("tf_keras", variant) for variant in ("dense", *PRUNED)),
]
TARGETS = {
    ("lenet300", "every 100 steps"): 1.05,
    ("lenet300", "every step"): 1.50,
    ("cnn", "every 100 steps"): 1.02,
}


@dataclass(frozen=True)
class Plan:
    """Every variant has `rounds` turns; a turn trains two stretches of `stretch` steps and times the second."""

    network: str
    rounds: int
    stretch: int


FULL = (Plan("lenet300", rounds=16, stretch=200), Plan("cnn", rounds=10, stretch=100))
QUICK = (Plan("lenet300", rounds=4, stretch=200), Plan("cnn", rounds=2, stretch=100))


def measure(quick: bool) -> Iterator[Row]:
    for plan in QUICK if quick else FULL:
        yield from _measure(plan)


def _measure(plan: Plan) -> Iterator[Row]:
    seconds, zeros = _take_turns(plan)
    _check_pruned(zeros)
    for keras, variant in TURNS:
        if variant == "dense":
            library, base = f"plain {keras}", "keras"
        else:
            library, base = f"{LIBRARY[keras]}, masks {variant}", keras
        yield ratio_row(
            f"{TITLES[plan.network]}: {library}",
            seconds[keras, variant],
            seconds[base, "dense"],
            to=f"plain {base}",
            unit="ms/step",
            scale=1e3,
            target=TARGETS.get((plan.network, variant)) if keras == "keras" else None,
        )


def _take_turns(plan: Plan) -> tuple[dict, dict]:
    """Seconds per step of every round, and the share of zeros at the end, by turn."""
    total_steps = 2 * plan.stretch * (plan.rounds + 1)  # the first round, which traces, is not timed
    with contextlib.ExitStack() as stack:
        trainers = {
            keras: stack.enter_context(trainer(keras, plan.network, total_steps, plan.stretch)) for keras in LIBRARY
        }
        sides = {(keras, variant): functools.partial(trainers[keras].ask, variant) for keras, variant in TURNS}
        answers = take_turns(sides, plan.rounds)
    seconds = {turn: [answer["seconds"] for answer in of_turn] for turn, of_turn in answers.items()}
    return seconds, {turn: of_turn[-1]["zeros"] for turn, of_turn in answers.items()}


def _check_pruned(zeros: dict[tuple[str, str], float]) -> None:
    for (keras, variant), share in zeros.items():
        expected = {"dense": 0, "unchanged": 0.5}.get(variant, 0.9)
        if abs(share - expected) > 0.01:
            raise RuntimeError(
                f"{LIBRARY[keras]}, masks {variant}: {share:.3f} of the weights are zero, not {expected}"
            )
