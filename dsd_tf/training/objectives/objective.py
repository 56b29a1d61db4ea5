"""What training minimises, and on which images."""

from __future__ import annotations

import abc
from collections.abc import Callable
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
    """One objective. Both methods run inside the graph of the training step."""

    # FLOPs, per training example, of what the objective computes beside the network's own forward and backward pass
    extra_flops: float = 0.0

    def examples(self, images: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """The images to train on in place of a batch's: float32 [B, H, W, C] in [0, 1].

        step: how many updates the optimizer has made, int64 scalar. What is drawn at random is to be drawn by it, so
        that a run that was interrupted draws the same.
        """
        return images

    @abc.abstractmethod
    def loss(self, images: tf.Tensor, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The scalar to minimise, for images [B, H, W, C], integer labels [B] and the network's logits [B, classes].

        To be the same on replicas, it has to be built from `keras.losses` objects, which know of them.
        """
