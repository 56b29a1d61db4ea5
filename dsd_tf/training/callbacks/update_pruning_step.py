"""Carries out pruning schedules during training."""

from __future__ import annotations

from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.pruning import ScheduledPruning, pruning_of


class UpdatePruningStep(StepCallback):
    """Changes a model's masks when its pruning schedules say so (TFMOT's callback of that name).

    A schedule's last step may be the last of training: it is then carried out when training ends.

    Args:
        pruning: what to carry out; by default the rules `prune_low_magnitude` left on the model's layers.
    """

    def __init__(self, pruning: ScheduledPruning | None = None):
        super().__init__()
        self._pruning = pruning

    def set_model(self, model):
        super().set_model(model)
        if model is not None and model.optimizer is not None:
            self._attach()

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._attach()
        self._done = self._step - 1

    def before_step(self, step):
        self._active.update(self._done, step)
        self._done = step

    def on_train_end(self, logs=None):
        self._active.update(self._done, self.iterations)

    def on_epoch_end(self, batch, logs=None):
        """Nothing to do: weights are sparse after every step. TFMOT's custom loops call it with `batch=`."""

    def _attach(self):
        self._active = self._pruning or pruning_of(self.model)
        self._active.masks.attach(self.model.optimizer)
