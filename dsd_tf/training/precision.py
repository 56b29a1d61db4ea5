"""The number format in which a network computes while it trains."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from dsd_tf.models.build import NORMALIZE

_BLOCK = 16


@contextlib.contextmanager
def computing_in(precision: str, network: keras.Model) -> Iterator[None]:
    """In the block, calls of a functional or Sequential `network` compute in that format.

    What was traced in the block goes on so. Variables, their gradients, the statistics of batch norm, the normalisation
    of pixels, the layer that makes the logits, and convolutions from or to a number of channels that is no multiple of
    16 (as the first one's) are float32 in either.
    """
    layers = _inner_layers(network) if precision != "float32" else []
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = f"mixed_{precision}"
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


def _inner_layers(network: keras.Model) -> list[keras.layers.Layer]:
    makes_logits = {symbol._keras_history.operation for symbol in network.outputs}
    return [
        layer
        for layer in network._flatten_layers(include_self=False)
        if layer not in makes_logits and layer.name != NORMALIZE and not _is_unsafe(layer)
    ]


def _is_unsafe(layer: keras.layers.Layer) -> bool:
    """Whether TensorFlow 2.21 gets it wrong in bfloat16 on a CPU: oneDNN's gradient of a kernel whose channels do not
    fill its blocks crashes or returns wrong numbers, as for 1x1 kernels with strides from 8 channels to 16.
    """
    if not isinstance(layer, keras.layers.Conv2D):
        return False
    inputs, outputs = layer.kernel.shape[2:]
    return bool(inputs % _BLOCK or outputs % _BLOCK)
