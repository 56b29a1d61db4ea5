"""Noise that is blind to what a class is. The two published definitions of "symmetric" differ, hence two names.

The kinds that published experiments were run with draw from the very generators of those experiments, seeded with
the run's seed as it is; the others have streams of their own (`dsd_tf.randomness`).
"""

from __future__ import annotations

import math
import random

import numpy as np

from dsd_tf import randomness
from dsd_tf.data.label_noise.noise import Examples, LabelNoise
from dsd_tf.errors import UsageError


def flip_other(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """floor(N * rate) examples drawn at random, each given one of the other classes, all equally likely.

    The wrong labels at a rate are among those at any higher rate. int32 [N].
    """
    order = randomness.generator(noise.seed, "label_noise").permutation(len(examples.labels))
    chosen = order[: int(len(order) * noise.rate)]
    labels = examples.labels.copy()
    labels[chosen] = _others(examples, noise.seed)[chosen]
    return labels


def flip_other_prefix(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """As `flip_other`, but the first floor(N * rate) examples, with the labels of DSD2's code for the same seed.

    Classes are drawn from Python's generator until one differs from the true one (Quetu and Tartaglione, AAAI 2024).
    """
    draw = random.Random(noise.seed)
    labels = examples.labels.copy()
    for index in range(int(len(labels) * noise.rate)):
        while labels[index] == examples.labels[index]:
            labels[index] = draw.randint(0, examples.num_classes - 1)
    return labels


def uniform_redraw(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """ceil(N * rate) random examples given any class, with the labels of Sparse Double Descent's code for the seed.

    A redrawn label may be the true one: rate * (C - 1) / C of all labels come out wrong (He et al., ICML 2022).
    """
    if noise.seed >= 2**32 - 1:
        raise UsageError(f"--seed={noise.seed}: --label_noise_kind=uniform_redraw takes seeds below {2**32 - 1}")
    count = math.ceil(len(examples.labels) * noise.rate)
    labels = examples.labels.copy()
    drawn = np.random.RandomState(noise.seed).randint(examples.num_classes, size=count)
    labels[np.random.RandomState(noise.seed + 1).permutation(len(labels))[:count]] = drawn
    return labels


def symmetric(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """Every example, with probability `rate`, given one of the other classes, all equally likely."""
    return np.where(with_probability(examples, noise), _others(examples, noise.seed), examples.labels)


def with_probability(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """Each example with probability `rate`, bool [N]; those of a rate are among those of any higher rate."""
    return randomness.generator(noise.seed, "label_noise").random(len(examples.labels)) < noise.rate


def _others(examples: Examples, seed: int) -> np.ndarray:
    """A class other than the true one for every example, int32 [N]."""
    stream = randomness.generator(seed, "label_noise_classes")
    steps = stream.integers(1, examples.num_classes, size=len(examples.labels), dtype=np.int32)
    return (examples.labels + steps) % examples.num_classes
