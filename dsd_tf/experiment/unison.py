"""Replicas of a run that hold the same: the devices of this process, and those of the other workers."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from dsd_tf.data.sources import ImageSet
from dsd_tf.experiment.workbench import Workbench
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.replicas import checksums
from dsd_tf.workers.team import Team


class Unison(keras.callbacks.Callback):
    """Compares masks whenever they change, and all that a checkpoint is made of when an epoch ends; by checksums.

    Statistics of batch norm that replicas have of their own are averaged first. With one replica it does nothing.

    Raises:
        WorkersDiffer: if there is a difference; names the variables, and the workers.
    """

    def __init__(self, bench: Workbench):
        super().__init__()
        self._bench = bench

    def then(self, act: Callable[[Masks], None]) -> Callable[[Masks], None]:
        """What to do about new masks: compare them, then `act`."""

        def changed(masks: Masks) -> None:
            self._compare("masks", self._bench.trainer.optimizer.masks)
            act(masks)

        return changed

    def on_epoch_end(self, epoch, logs=None):
        self._bench.average_statistics()
        groups = {**self._bench.state, **self._bench.state_of_phase}.values()
        self._compare("variables", [variable for group in groups for variable in group])

    def _compare(self, what: str, variables: list[keras.Variable]) -> None:
        strategy = self._bench.trainer.distribute_strategy
        if strategy.num_replicas_in_sync > 1:
            self._bench.team.agree(what, checksums(variables, strategy))


def compare_inputs(team: Team, images: ImageSet, described: dict[str, Any]) -> None:
    """Make sure that all workers have the same training examples, and are `described` alike.

    Raises:
        WorkersDiffer: if they are not.
    """
    if team.is_alone:
        return
    train = images.train
    arrays = {"training images": train.images, "training labels": train.labels}
    sums = {name: zlib.crc32(np.ascontiguousarray(array)) for name, array in arrays.items()}
    team.agree("versions, data or files given", {**described, **sums})
