"""Stored runs made of published figures: nothing is trained."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from dsd_tf.reporting.html.runs import StoredRun
from dsd_tf.settings import Settings

# He et al. 2022 ("Sparse Double Descent"), figure 1, LeNet-300-100 on MNIST with 20 % label noise, digitised: test and
# training accuracy (%) of the levels 0.8^i
MNIST = [
    (0, 83.4, 100), (1, 83.5, 100), (3, 82.3, 100), (4, 82.1, 100), (6, 81.6, 100), (8, 80.0, 100), (9, 78.5, 100),
    (10, 76.5, 95.2), (11, 77.4, 90.8), (12, 81.6, 86.7), (13, 85.8, 83.8), (14, 88.7, 82.2), (15, 91.1, 81.2),
    (16, 92.7, 80.5), (17, 94.0, 80.2), (18, 95.0, 79.8), (19, 95.3, 79.6), (20, 95.4, 79.2), (21, 95.1, 78.7),
    (22, 94.5, 77.8), (23, 92.9, 76.4), (24, 86.4, 70.9),
]  # fmt: skip

SIZES = {"hidden1/kernel": 235_200, "hidden2/kernel": 30_000, "logits/kernel": 1_000}
PRUNABLE, PARAMETERS = sum(SIZES.values()), 266_610
EXAMPLES = 60_000


def record(phase: str, level: int, role: str, density: float, test: float, train: float, **more: Any) -> dict[str, Any]:
    """The record of a phase with these accuracies (shares), without the optional fields but those given."""
    kept = {name: max(1, round(size * density)) for name, size in SIZES.items()}
    total = sum(kept.values())
    return {
        "phase": phase,
        "level": level,
        "role": role,
        "nominal_sparsity": 1 - density,
        "prunable": PRUNABLE,
        "kept": total,
        "sparsity": 1 - total / PRUNABLE,
        "parameters": PARAMETERS,
        "total_sparsity": (PRUNABLE - total) / PARAMETERS,
        "kept_by_kernel": kept,
        "emptied": [],
        "dense_flops": 2 * PRUNABLE,
        "sparse_flops": 2 * total,
        "learning_distance": {"kernels": 20 * density + 5, "all": 20 * density + 6},
        "train_accuracy": train,
        "best_epoch": {"epoch": 1, "validation_accuracy": test, "test_accuracy": test + 0.01},
        "seconds": 2.5,
        **{split: {"top1": top1, "top5": 1.0, "loss": 0.5, "examples": 100}
           for split, top1 in (("test", test), ("train", train), ("validation", test - 0.01))},
        **more,
    }  # fmt: skip


def noisy_fields(density: float, train: float) -> dict[str, Any]:
    """The fields of a run with label noise, entropy and training costs."""
    bits = [0.9 * density**0.1, 0.8 * density**0.1]
    return {
        "label_noise": {
            "rate": 0.18,
            "clean_accuracy": min(1.0, train + 0.1),
            "noisy_fitted_given": max(0.0, 2 * train - 1),
            "noisy_fitted_true": 1 - train,
        },
        "entropy": {
            "images": EXAMPLES,
            "mean": math.fsum(bits) / 2,
            "unit_mean": (300 * bits[0] + 100 * bits[1]) / 400,
            "layers": [
                {"name": name, "units": units, "mean": mean, "alive": units, "alive_mean": mean, "constant": 0.1}
                for name, units, mean in (("relu1", 300, bits[0]), ("relu2", 100, bits[1]))
            ],
        },
        "training_examples": EXAMPLES,
        "training_flops": 6 * PRUNABLE * EXAMPLES,
        "sparse_training_flops": 6 * PRUNABLE * EXAMPLES * density,
        "objective_flops": 0,
    }


def epochs_of(records: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """`count` epochs for every record, on the way to its accuracies."""
    lines = []
    for record_ in records:
        for epoch in range(count):
            part = 1 - math.exp(-5 * (epoch + 1) / count)
            line = {f"{split}_accuracy": part * record_[split]["top1"] for split in ("train", "validation", "test")}
            step = {"epoch": epoch, "step": epoch + 1, "sparsity": record_["sparsity"], "learning_rate": 0.1}
            lines.append(line | step | {"phase": record_["phase"], "level": record_["level"], "train_loss": 1.0})
    return lines


def stored(records: list[dict[str, Any]], settings: Settings, finished: bool = True, epochs: int = 3) -> StoredRun:
    """A run that recorded this."""
    layers = [{"name": name, "shape": [size, 1], "kept": 1, "positions": 1, "why_dense": ""}
              for name, size in SIZES.items()]  # fmt: skip
    return StoredRun(
        path=f"runs/mnist-{settings.method}-seed{settings.seed}",
        settings=settings,
        versions={"python": "3.11.7", "keras": "3.15.1"},
        records=records,
        epochs=epochs_of(records, epochs),
        layers=layers if finished else [],
        finished=finished,
    )


@pytest.fixture(scope="session")
def descent_run() -> Callable[..., StoredRun]:
    """A ladder with a double descent, as published, with every optional field; seeds differ by some noise."""

    def make(seed: int = 0, levels: int = len(MNIST), finished: bool = True, epochs: int = 3, **settings) -> StoredRun:
        noise = np.random.default_rng(seed).normal(0, 0.003, (len(MNIST), 2)) * (seed > 0)
        records = []
        for (level, test, train), (of_test, of_train) in list(zip(MNIST, noise, strict=True))[:levels]:
            density, train = 0.8**level, min(1.0, train / 100 + of_train) if train < 100 else 1.0
            phase, role = (f"level{level:02d}", "sparse") if level else ("dense", "dense")
            fields = noisy_fields(density, train)
            records.append(record(phase, level, role, density, test / 100 + of_test, train, **fields))
        values = {"dataset": "mnist", "model": "lenet300", "method": "iterative", "rounds": 24, "seed": seed}
        return stored(records, Settings(**values | settings), finished, epochs)

    return make


@pytest.fixture(scope="session")
def dsd_run() -> Callable[..., StoredRun]:
    """Dense, sparse, dense again, without any optional field."""

    def make(seed: int = 0, **settings) -> StoredRun:
        records = [
            record("dense", 0, "dense", 1.0, 0.93, 0.99),
            record("sparse1", 1, "sparse", 0.5, 0.92, 0.98),
            record("redense1", 1, "redense", 1.0, 0.94, 1.0),
        ]
        return stored(records, Settings(**{"dataset": "mnist", "method": "dsd", "seed": seed} | settings))

    return make


@pytest.fixture(scope="session")
def sparse_run() -> Callable[..., StoredRun]:
    """A run of one phase, as sparse as asked, with the fields given."""

    def make(sparsity: float, seed: int = 0, method: str = "set", **fields) -> StoredRun:
        records = [record("sparse", 0, "sparse", 1 - sparsity, 0.9 - sparsity / 10, 0.99, **fields)]
        return stored(records, Settings(method=method, sparsity=sparsity, seed=seed))

    return make


@pytest.fixture(scope="session")
def edropout_run() -> Callable[..., StoredRun]:
    """A search of three epochs of two generations, frozen in the third; `kept` of 10 + 4 units are left."""

    def make(seed: int = 0, kept: tuple[int, int] = (6, 2), searched: bool = True, **settings) -> StoredRun:
        def units(on: tuple[int, int]) -> dict[str, Any]:
            gates = [{"name": "conv", "on": on[0], "units": 10}, {"name": "hidden", "on": on[1], "units": 4}]
            return {"units": {"gates": gates, "published_ratio": sum(on) / 14, "search_flops": 100 * searched}}

        compacted = {"compacted": {"parameters": 100_000, "flops": 1e5}}
        records = [
            record("edropout", 0, "dense", 1.0, 0.90, 0.95, **units(kept)),
            record("full", 0, "dense", 1.0, 0.91, 0.96, **units((10, 4))),
            record("pruned", 1, "sparse", 0.4, 0.92 + 0.01 * seed, 0.97, **units(kept), **compacted),
        ]
        run = stored(records, Settings(**{"dataset": "mnist", "method": "edropout", "seed": seed} | settings))
        epochs = [epoch for epoch in run.epochs if epoch["phase"] == "edropout"]
        for number, epoch in enumerate(epochs):
            on = [8, 3] if number < 2 and searched else list(kept)
            epoch |= {"on_by_gate": on, "frozen": number == 2 or not searched}
        figures = {"energy_best": -2.0, "energy_mean": -1.0, "units_on": 0.5, "state_diversity": 0.4}
        search = {name: np.full(4, value + seed, np.float32) for name, value in figures.items()} if searched else {}
        return dataclasses.replace(run, epochs=epochs, search=search)

    return make
