"""What training minimises, and on which images."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from dsd_tf.data.sources import ImageSet


@dataclass(frozen=True)
class Surroundings:
    """What an objective may need of the run it trains in.

    `open_network` reads the network of a run directory or a .keras file that a setting names.
    """

    network: keras.Model
    images: ImageSet
    open_network: Callable[[str], keras.Model]


class Objective(abc.ABC):
    """One objective. Its methods run inside the graph of the training step."""

    # per training example: passes through the network beside the step's own, each as dear as a forward one, and the
    # FLOPs of all that is not the network
    extra_passes: int = 0
    extra_flops: float = 0.0
    # what one step leaves to the next, zero where a phase begins; checkpoints have them
    variables: Sequence[keras.Variable] = ()

    def examples(self, images: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """The images to train on in place of a batch's: float32 [B, H, W, C] in [0, 1].

        step: how many updates the optimizer has made, int64 scalar. What is drawn at random is to be drawn by it, so
        that a run that was interrupted draws the same.
        """
        return images

    def learn(self, images: tf.Tensor, examples: tf.Tensor, gradient: tf.Tensor) -> None:
        """Told, after the weights' update, the loss's gradient with respect to what `examples` made of `images`.

        The backward pass is that of the weights; where the gradient is not used, the graph leaves it out.
        """
        return

    @abc.abstractmethod
    def loss(self, images: tf.Tensor, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The scalar to minimise, for images [B, H, W, C], integer labels [B] and the network's logits [B, classes].

        To be the same on replicas, it has to be built from `keras.losses` objects, which know of them.
        """
