"""A training step of `bin/train` beside those of plain Keras, TFMOT on tf_keras, and PyTorch, on the same data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measures.loop_times import TITLES, loop_times, missing
from benchmarks.measures.networks import NETWORKS
from benchmarks.measures.rows import Row, ratio_row, skipped_row

PAIRS = (
    ("dsd_tf", "fit_dataset"),
    ("dsd_tf", "tfmot"),
    ("dsd_tf", "torch"),
    ("dsd_tf_bfloat16", "dsd_tf"),
    ("dsd_tf_bfloat16", "torch_bfloat16"),
)


@dataclass(frozen=True)
class Plan:
    network: str
    batch: int
    examples: int
    rounds: int
    targets: tuple[float | None, ...] = (None,) * len(PAIRS)


LENET300 = Plan("lenet300", batch=64, examples=10_000, rounds=15)
CNN = Plan("cnn", batch=64, examples=1280, rounds=15)
# the times of plain Keras at its best settings, of PyTorch, and of float32
RESNET18 = Plan("resnet18", batch=128, examples=384, rounds=7, targets=(1.0, None, 0.95, 0.75, None))
QUICK_RESNET18 = Plan("resnet18_quarter", batch=128, examples=512, rounds=3)


def measure_lenet300(quick: bool) -> Iterator[Row]:
    return _measure(LENET300, rounds=3 if quick else LENET300.rounds)


def measure_cnn(quick: bool) -> Iterator[Row]:
    return _measure(CNN, rounds=3 if quick else CNN.rounds)


def measure_resnet18(quick: bool) -> Iterator[Row]:
    plan = QUICK_RESNET18 if quick else RESNET18
    return _measure(plan, plan.rounds)


def _measure(plan: Plan, rounds: int) -> Iterator[Row]:
    loops = sorted({loop for pair in PAIRS for loop in pair})
    times = loop_times(loops, plan.network, plan.batch, plan.examples, rounds)
    for (own, other), target in zip(PAIRS, plan.targets, strict=True):
        measured = f"{NETWORKS[plan.network].title}, batch {plan.batch}: {TITLES[own]} beside {TITLES[other]}"
        if other not in times:
            yield skipped_row(measured, missing(other))
            continue
        yield ratio_row(measured, times[own], times[other], to=TITLES[other], unit="ms/step", scale=1e3, target=target)
