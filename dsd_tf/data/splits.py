"""Which training examples train, which validate, and which are left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dsd_tf import randomness
from dsd_tf.errors import UsageError


@dataclass(frozen=True)
class Split:
    """Sorted, disjoint positions in a set's training examples, int64."""

    train: np.ndarray
    validation: np.ndarray


def split(
    examples: int, *, validation_fraction: float, train_examples: int, seed: int, train_fraction: float = 1.0
) -> Split:
    """Holds `round(examples * validation_fraction)` examples out, then keeps `train_examples` of the rest.

    `train_examples` of 0 keeps `train_fraction` of the rest, rounded down. The held-out examples depend on the
    seed and the fraction only, and a smaller training subset is part of a larger one, so runs on growing subsets
    are comparable.

    Raises UsageError for a fraction outside [0, 1), one that leaves either part empty, or more training
    examples than there are; and unless `train_fraction` is in (0, 1] and leaves any.
    """
    if not 0 <= validation_fraction < 1:
        raise UsageError(f"validation fraction {validation_fraction} is outside [0, 1)")
    held_out = round(examples * validation_fraction)
    if held_out == examples or (validation_fraction > 0 and held_out == 0):
        raise UsageError(
            f"validation fraction {validation_fraction} of {examples} examples leaves "
            f"{held_out} to validate and {examples - held_out} to train"
        )
    order = randomness.generator(seed, "split").permutation(examples)
    rest = np.sort(order[held_out:])
    if not train_examples and train_fraction != 1:
        train_examples = _count(len(rest), train_fraction)
    return Split(_subset(rest, train_examples, seed), np.sort(order[:held_out]))


def _count(examples: int, fraction: float) -> int:
    if not 0 < fraction <= 1 or not share_of(examples, fraction):
        raise UsageError(f"train fraction {fraction} of {examples} examples: it must be in (0, 1] and leave some")
    return share_of(examples, fraction)


def share_of(count: int, share: float) -> int:
    """floor(count * share), safe from the rounding of, say, 100 * 0.29."""
    return int(round(count * share, 6))


def _subset(rest: np.ndarray, train_examples: int, seed: int) -> np.ndarray:
    if not 0 <= train_examples <= len(rest):
        raise UsageError(
            f"{train_examples} training examples asked for; "
            f"1 to {len(rest)} are available beside validation, 0 takes all"
        )
    kept = randomness.generator(seed, "subset").permutation(rest)
    return np.sort(kept[: train_examples or None])


def roles(available: Iterable[str], where: str) -> dict[str, str]:
    """Which of a set's own splits trains, tests and, where it brings one beside a test split, validates.

    Returns role -> the set's name of the split. A set without a test split is tested on its validation
    split, as is the custom with ImageNet. Raises UsageError where training or test examples are missing.
    """
    found = {name: name for name in ("train", "validation", "test") if name in set(available)}
    if "test" not in found and "validation" in found:
        found["test"] = found.pop("validation")
    if not {"train", "test"} <= found.keys():
        raise UsageError(f"{where}: needs a train and a test (or validation) split")
    return found
