"""The step of training, known before each batch without asking the device every time."""

from __future__ import annotations

import abc

import keras

from dsd_tf.training.optimizers import steps_taken


class StepCallback(keras.callbacks.Callback, abc.ABC):
    """Calls `before_step(step)` before every execution; `step` counts the batches the optimizer has seen.

    With `steps_per_execution` above 1 Keras calls between executions only: what falls due at a step in
    (`previous_step`, `step`] is to be done now.

    Attributes:
        previous_step: `step` of the call before; one less than `step` in the first call of a `fit`.
    """

    previous_step: int | None = None

    def on_train_begin(self, logs=None):
        self._step = self.iterations
        self.previous_step = None

    def on_epoch_begin(self, epoch, logs=None):
        # the last execution of an epoch may have been a short one
        self._step = self.iterations

    def on_train_batch_begin(self, batch, logs=None):
        step = self._step
        if self.previous_step is None:
            self.previous_step = step - 1
        self.before_step(step)
        self.previous_step = step
        self._step = step + self.model.steps_per_execution

    @property
    def iterations(self) -> int:
        """Batches the model's optimizer has seen."""
        return steps_taken(self.model.optimizer)

    def is_due(self, step: int) -> bool:
        """In `before_step`: whether `step` was reached since the call before."""
        return self.previous_step < step <= self._step

    @abc.abstractmethod
    def before_step(self, step: int) -> None:
        """Runs between optimizer updates `step` and `step + 1`."""
