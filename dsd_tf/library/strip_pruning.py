"""Getting ordinary models out of pruned ones."""

from __future__ import annotations

import contextlib

import keras

from dsd_tf.errors import UsageError
from dsd_tf.training.kernels import inner_layers, is_graph
from dsd_tf.training.optimizers import Masked, inner_optimizer
from dsd_tf.training.rules import forget_pruning


def strip_pruning(model: keras.Model) -> keras.Model:
    """An ordinary model with the sparse weights of `model`: not compiled, no rules, no masks.

    A saved file of it loads without dsd_tf. For a Sequential or functional model (nested ones too) it is a
    new model of the same layers, and `model` keeps its optimizer, to be evaluated as before; a subclassed
    model is returned itself.

    Raises:
        ValueError: if `model` is not a `keras.Model`.
    """
    if not isinstance(model, keras.Model):
        raise UsageError(f"strip_pruning needs a keras.Model of Keras 3, not a {type(model).__name__}")
    forget_pruning(model)
    for layer in inner_layers(model):
        _drop_masked_optimizer(layer)  # of an inner model that was trained by itself
    if isinstance(model, keras.Sequential):
        return keras.Sequential(model._layers, name=model.name)  # `layers` leaves the input layer out
    if is_graph(model):
        return keras.Model(model.inputs, model.outputs, name=model.name)
    _drop_masked_optimizer(model)
    return model


def prune_scope() -> contextlib.AbstractContextManager:
    """Does nothing: models under pruning load as they are. It is here for programs written for TFMOT."""
    return contextlib.nullcontext()


def _drop_masked_optimizer(layer: keras.layers.Layer) -> None:
    optimizer = getattr(layer, "optimizer", None)
    if optimizer is not None and isinstance(inner_optimizer(optimizer), Masked):
        layer.optimizer = None
        layer.compiled = False
