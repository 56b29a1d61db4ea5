"""The best of several attempts of an attack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import tensorflow as tf

from dsd_tf.robustness.choice import choose
from dsd_tf.robustness.losses import Logits, cross_entropy, fooled


class Attack(Protocol):
    """An attack with all of its numbers settled; `passes` is how many passes through the network it makes."""

    passes: int

    def __call__(self, logits: Logits, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...


class Best(NamedTuple):
    """Attacked images [B, H, W, C], whether they fool the network, and their losses, both [B]."""

    images: tf.Tensor
    fooled: tf.Tensor
    losses: tf.Tensor

    def or_better(self, other: Best) -> Best:
        """Of each pair the one that fools the network; if both or neither does, the one with the higher loss."""
        better = (other.fooled & ~self.fooled) | ((other.fooled == self.fooled) & (other.losses > self.losses))
        return Best(*(choose(better, theirs, own) for theirs, own in zip(other, self, strict=True)))


@dataclass(frozen=True)
class Restarted:
    """The best of `times` attempts of an attack that starts at random."""

    attack: Attack
    times: int

    @property
    def passes(self) -> int:
        return self.times * (self.attack.passes + 1)

    def __call__(self, logits: Logits, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        def again(number: tf.Tensor, best: Best) -> tuple[tf.Tensor, Best]:
            found = self.attack(logits, images, labels, tf.random.experimental.stateless_fold_in(seed, number))
            outputs = logits(found)
            return number + 1, best.or_better(Best(found, fooled(labels, outputs), cross_entropy(labels, outputs)))

        never = tf.zeros_like(labels, tf.float32) - math.inf
        nothing = Best(images, tf.zeros_like(labels, tf.bool), never)
        return tf.while_loop(lambda number, _: number < self.times, again, (0, nothing), parallel_iterations=1)[
            1
        ].images
