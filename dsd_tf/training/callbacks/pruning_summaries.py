"""Sparsity as TensorBoard scalars."""

from __future__ import annotations

import os

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.optimizers import steps_taken

# tf.summary.scalar needs the tensorboard package; tf.summary.write with this metadata does not.
_PLUGIN = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
_SCALAR = tf.compat.v1.SummaryMetadata(plugin_data=_PLUGIN)


class PruningSummaries(keras.callbacks.Callback):
    """Writes how sparse each kernel with a mask is, and all of them, for TensorBoard.

    TFMOT's callback of that name, without the losses: scalars `<kernel name>/sparsity` and `sparsity` over
    training steps, in the folder `metrics` inside `log_dir`. The tensorboard package is needed only to look
    at them.

    Args:
        log_dir: where TensorBoard looks.
        update_freq: "epoch", "batch", or a number of batches.
    """

    def __init__(self, log_dir: str, update_freq: str | int = "epoch"):
        super().__init__()
        if not isinstance(log_dir, (str, os.PathLike)) or not os.fspath(log_dir):
            raise UsageError(f"log_dir is {log_dir!r}: give a path that is not empty")
        if update_freq not in ("epoch", "batch") and not (isinstance(update_freq, int) and update_freq > 0):
            raise UsageError(f"update_freq is {update_freq!r}: give 'epoch', 'batch' or a number of batches")
        self._frequency = 1 if update_freq == "batch" else update_freq
        self._writer = tf.summary.create_file_writer(os.path.join(log_dir, "metrics"))

    def on_epoch_begin(self, epoch, logs=None):
        self._write()

    def on_train_batch_end(self, batch, logs=None):
        if self._frequency != "epoch" and (batch + 1) % self._frequency == 0:
            self._write()

    def on_train_end(self, logs=None):
        self._write()

    def _write(self):
        masks = KernelMasks.held_by(self.model)
        if masks is None:
            return
        current = masks.masks
        values = {f"{name}/sparsity": 1 - np.mean(mask) for name, mask in current.items()}
        values["sparsity"] = 1 - current.density
        with self._writer.as_default(step=steps_taken(self.model.optimizer)):
            for name, value in values.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=_SCALAR)
        self._writer.flush()
