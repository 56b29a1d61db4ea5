"""A network with some of its units off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from dsd_tf.edropout.gates import GateRegistry
from dsd_tf.models.graph import Call

Make = Callable[[Call, list[tf.Tensor]], Sequence[tf.Tensor]]


@contextlib.contextmanager
def gates_in(network: keras.Model, registry: GateRegistry, state: tf.Tensor) -> Iterator[None]:
    """A context in which calling `network` multiplies every unit by its bit of `state`, bool [size].

    Units that are off get no gradient.
    """

    @tf.autograph.experimental.do_not_convert
    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        made = gated_by(registry, state, lambda call, inputs: call.apply(inputs, bool(training)))
        pairs = zip(keras.tree.flatten(inputs), network.inputs, strict=True)
        outputs = registry.graph.run([tf.cast(tensor, symbol.dtype) for tensor, symbol in pairs], made)
        return outputs[0] if len(outputs) == 1 else outputs

    vars(network)["call"] = call
    try:
        yield
    finally:
        del vars(network)["call"]


def gated_by(registry: GateRegistry, state: tf.Tensor, make: Make) -> Make:
    """`make`, a call's outputs, with the gates before and behind the calls."""

    def gated(call: Call, inputs: list[tf.Tensor]) -> Sequence[tf.Tensor]:
        if gate := registry.before(call):
            inputs = [inputs[0] * tf.cast(state[gate.bits], inputs[0].dtype)]
        outputs = make(call, inputs)
        if gate := registry.after(call):
            outputs = [outputs[0] * tf.cast(state[gate.bits], outputs[0].dtype)]
        return outputs

    return gated
