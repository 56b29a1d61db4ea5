"""Which weights belong to the sub-network of a state."""

from __future__ import annotations

import keras
import tensorflow as tf

from dsd_tf.edropout.gates import GateRegistry
from dsd_tf.models.channels import Kind, kind_of
from dsd_tf.models.graph import Call


def active_weights(registry: GateRegistry, state: tf.Tensor) -> list[tuple[keras.Variable, tf.Tensor]]:
    """Trainable weights of which a state can switch some off, and which of them are on, bool of the variable's shape.

    On are those between a unit that is on and inputs that are; a sum is on where one of its terms is. Weights of
    layers without gates are not listed.
    """
    found: list[tuple[keras.Variable, tf.Tensor]] = []

    def make(call: Call, inputs: list[tf.Tensor]) -> list[tf.Tensor]:
        layer, kind = call.operation, kind_of(registry.graph, call)
        if gate := registry.before(call):
            inputs = [inputs[0] & state[gate.bits]]
        outputs = _channels(registry, call, kind, inputs, state)
        if kind is Kind.KERNEL:
            found.append((layer.kernel, tf.broadcast_to(inputs[0][:, None] & outputs[0], layer.kernel.shape)))
            if layer.use_bias:
                found.append((layer.bias, outputs[0]))
        elif kind is Kind.NORM:
            found.extend((weight, outputs[0]) for weight in (layer.gamma, layer.beta) if weight is not None)
        return outputs

    graph = registry.graph
    graph.run([tf.ones(graph.channels(tensor), tf.bool) for tensor in graph.inputs], make)
    return [(variable, on) for variable, on in found if variable.trainable]


def _channels(
    registry: GateRegistry, call: Call, kind: Kind, inputs: list[tf.Tensor], state: tf.Tensor
) -> list[tf.Tensor]:
    """Which channels of what a call gives are on."""
    sizes = [registry.graph.shape(tensor)[-1] or 1 for tensor in call.outputs]
    match kind:
        case Kind.KERNEL:
            gate = registry.of_outputs(call)
            return [tf.ones(sizes, tf.bool) if gate is None else state[gate.bits]]
        case Kind.ADD:
            return [tf.reduce_any(tf.stack(inputs), axis=0)]
        case Kind.CONCATENATE:
            return [tf.concat(inputs, axis=0)]
        case Kind.FLATTEN:
            return [tf.tile(inputs[0], [sizes[0] // inputs[0].shape[0]])]
        case Kind.OTHER:
            return [tf.ones([size], tf.bool) for size in sizes]
    return inputs
