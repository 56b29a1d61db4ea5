"""Carries out pruning schedules during training."""

from __future__ import annotations

from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.pruning import ScheduledPruning
from dsd_tf.training.rules import permit_training, pruning_of


class UpdatePruningStep(StepCallback):
    """Changes a model's masks when its pruning schedules say so (TFMOT's callback of that name).

    Step s of a schedule is carried out once s batches have been trained on, at the latest at the end of the
    epoch: a schedule may end with the last step of training. In a training loop of your own, as with TFMOT:
    `set_model(model)` with `model.optimizer` set, `on_train_begin()`, then `on_train_batch_begin(batch)`
    before each batch and `on_epoch_end(epoch)` after each epoch.

    Args:
        pruning: what to carry out; by default the rules `prune_low_magnitude` left on the model's layers.
    """

    def __init__(self, pruning: ScheduledPruning | None = None):
        super().__init__()
        self._pruning = pruning
        self._active: ScheduledPruning | None = None

    def set_model(self, model):
        super().set_model(model)
        permit_training(model)
        if getattr(model, "optimizer", None) is not None and model.weights:
            # Keras makes its training function next, which asks whether we take part
            self._attach()

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._done: int | None = None
        self._active = None
        # `fit` builds a model that has no weights yet with the first batch, and we begin after it. The
        # training step of somebody else's loop may be traced by then, without masks: that must be an error.
        if self.model.weights or self.params is None:
            self._attach()

    def before_step(self, step):
        if self._done is None:
            self._done = step - 1
        self._update(step)

    def on_epoch_end(self, batch, logs=None):
        # not at the end of training: by then Keras has put averaged weights (use_ema) in place
        self._update(self.iterations)
        if self._active is not None:
            self._active.masks.enforce()

    def on_train_end(self, logs=None):
        self._active.attended = False

    def _update(self, step):
        if self._active is None and self.model.weights:
            self._attach()
        if self._active is not None:
            self._active.update(self._done, step)
            self._done = step

    def _attach(self):
        self._active = self._pruning or pruning_of(self.model)
        self._active.follow(self.model.optimizer)
        self._active.attended = True
