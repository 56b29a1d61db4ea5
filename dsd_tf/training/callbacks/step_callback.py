"""The step of training, known before each batch without asking the device every time."""

from __future__ import annotations

import abc

import keras


class StepCallback(keras.callbacks.Callback, abc.ABC):
    """Calls `before_step(step)` before every execution; `step` counts the optimizer's updates so far.

    With `steps_per_execution` above 1 Keras calls between executions only, so steps inside one are not seen.
    """

    def on_train_begin(self, logs=None):
        self._step = self.iterations

    def on_epoch_begin(self, epoch, logs=None):
        # the last execution of an epoch may have been a short one
        self._step = self.iterations

    def on_train_batch_begin(self, batch, logs=None):
        step = self._step
        self._step += getattr(self.model, "steps_per_execution", None) or 1
        self.before_step(step)

    @property
    def iterations(self) -> int:
        """Updates the model's optimizer has made."""
        return int(self.model.optimizer.iterations)

    @abc.abstractmethod
    def before_step(self, step: int) -> None:
        """Runs between optimizer updates `step` and `step + 1`."""
