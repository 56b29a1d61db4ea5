"""Noise that confuses classes which resemble each other, as defined by Patrini et al. (CVPR 2017)."""

from __future__ import annotations

import math

import numpy as np

from dsd_tf import randomness
from dsd_tf.data.known import base_name
from dsd_tf.data.label_noise.noise import Examples, LabelNoise
from dsd_tf.data.label_noise.superclasses import SUPERCLASSES
from dsd_tf.data.label_noise.synthetic import with_probability
from dsd_tf.errors import UsageError

_MNIST = {2: 7, 3: 8, 5: 6, 6: 5}
_CIFAR10 = {9: 1, 2: 0, 4: 7, 3: 5, 5: 3}  # truck, bird, deer, cat, dog -> automobile, airplane, horse, dog, cat


def asymmetric(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """Labels of a class given to the class it is mistaken for, int32 [N].

    MNIST: 2 -> 7, 3 -> 8, 5 <-> 6, every example with probability `rate`. CIFAR-10: truck -> automobile, bird ->
    airplane, deer -> horse, cat <-> dog, exactly ceil(n * rate) of a class's n examples, as in Sparse Double Descent
    (He et al., ICML 2022). CIFAR-100: the next class of the same super-class, with probability `rate`.
    """
    name = base_name(examples.dataset)
    if name == "cifar10":
        return _exactly(examples, noise, _CIFAR10)
    if name == "mnist":
        return _mapped(examples, noise, _MNIST)
    if name == "cifar100":
        return _mapped(examples, noise, _cycles(SUPERCLASSES))
    raise UsageError(f"--label_noise_kind=asymmetric is for mnist, cifar10 and cifar100, not for {examples.dataset!r}")


def asymmetric_legacy(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """CIFAR-100 as Sparse Double Descent's code has it: the next class of the same five consecutive numbers.

    Classes are numbered by the alphabet, so none of these fives is a super-class. Probability `rate`, int32 [N].
    """
    if base_name(examples.dataset) != "cifar100":
        raise UsageError(f"--label_noise_kind=asymmetric_legacy is for cifar100, not for {examples.dataset!r}")
    return _mapped(examples, noise, _cycles(np.arange(100).reshape(20, 5)))


def pairflip(examples: Examples, noise: LabelNoise) -> np.ndarray:
    """Every example, with probability `rate`, given the next class; the last class the first. int32 [N]."""
    return _mapped(examples, noise, _cycles(np.arange(examples.num_classes)[np.newaxis]))


def _cycles(groups: np.ndarray) -> dict[int, int]:
    """class -> the next one in its row of `groups`."""
    return dict(zip(groups.ravel().tolist(), np.roll(groups, -1, axis=1).ravel().tolist(), strict=True))


def _mapped(examples: Examples, noise: LabelNoise, successors: dict[int, int]) -> np.ndarray:
    """Every example of a class in `successors` moved there with probability `rate`."""
    targets = np.array([successors.get(label, label) for label in range(examples.num_classes)], np.int32)
    return np.where(with_probability(examples, noise), targets[examples.labels], examples.labels)


def _exactly(examples: Examples, noise: LabelNoise, successors: dict[int, int]) -> np.ndarray:
    """ceil(n * rate) random ones of the n examples of each class in `successors` moved there."""
    labels = examples.labels.copy()
    order = randomness.generator(noise.seed, "label_noise").permutation(len(labels))
    for label, target in successors.items():
        members = order[examples.labels[order] == label]
        labels[members[: math.ceil(len(members) * noise.rate)]] = target
    return labels
