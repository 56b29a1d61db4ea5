"""EDropout in any `fit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dsd_tf.edropout.forward import gates_in
from dsd_tf.edropout.rest import hold, release
from dsd_tf.edropout.search import UnitSearch
from dsd_tf.errors import UsageError
from dsd_tf.training.optimizers import inner_optimizer, to_masked

_WRAPPED = ("train_step", "test_step")


class EDropout(keras.callbacks.Callback):
    """Trains, batch by batch, the sub-network of least energy; from `freeze_epoch` on always the same one.

    Salehinejad & Valaee 2020, "EDropout: Energy-Based Dropout and Pruning of Deep Neural Networks". Every training step
    first makes one generation of the search, then updates the weights of the best state's units; other weights stay
    as they are, and so does what the optimizer knows of them. Validation in `fit` is of the best state.

        search = UnitSearch(model, SearchOptions(), batch_size=128)
        model.fit(images, labels, batch_size=128, epochs=20, callbacks=[EDropout(search, freeze_epoch=10)])
        search.apply()
        smaller = compact(model).model
    """

    def __init__(self, search: UnitSearch, freeze_epoch: int):
        super().__init__()
        self.search, self.freeze_epoch = search, freeze_epoch

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        if model.distribute_strategy.num_replicas_in_sync > 1:
            raise UsageError("units are searched for on one device; use --strategy=one_device")
        known = {id(variable) for variable in model.variables}
        if not known.issuperset(id(variable) for variable in self.search.network.variables):
            raise UsageError(f"the search is for units of another model than {model.name}: make one for its network")
        model.jit_compile = False  # XLA needs sizes that do not depend on the states
        to_masked(model.optimizer).build(model.trainable_variables)
        self._wrap("train_step", self._train_step)
        self._wrap("test_step", self._test_step)
        model.train_function = model.test_function = None

    def on_epoch_begin(self, epoch, logs=None):
        self.search.begin_epoch()
        if epoch >= self.freeze_epoch:
            self.search.freeze()

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self.search.figures())

    def on_train_end(self, logs=None):
        for name in _WRAPPED:
            del vars(self.model)[name]
        self.model.train_function = self.model.test_function = None

    def _wrap(self, name: str, step: Callable) -> None:
        original = getattr(type(self.model), name).__get__(self.model)
        vars(self.model)[name] = lambda data: step(original, data)

    def _train_step(self, original: Callable, data: Any) -> Any:
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.cast(images, self.search.network.inputs[0].dtype)
        # not `iterations`, which with gradient accumulation is no variable
        step = tf.cast(inner_optimizer(self.model.optimizer)._iterations.value, tf.int64)
        self.search.update(images, _numbers(labels), step)
        state = tf.identity(self.search.best.value)
        held = hold(self.search.registry, state, self.model)
        with gates_in(self.search.network, self.search.registry, state):
            logs = original(data)
        release(held)
        return logs

    def _test_step(self, original: Callable, data: Any) -> Any:
        with gates_in(self.search.network, self.search.registry, self.search.best.value):
            return original(data)


def _numbers(labels: tf.Tensor) -> tf.Tensor:
    """Classes as integers [B], from whole numbers or one-hot rows."""
    is_one_hot = len(labels.shape) == 2 and labels.shape[1] > 1
    return tf.cast(tf.argmax(labels, axis=-1) if is_one_hot else tf.reshape(labels, [-1]), tf.int32)
