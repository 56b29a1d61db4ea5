"""How the published code counts: the bits of a state, and the weights that are left."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from dsd_tf.edropout.activity import active_weights
from dsd_tf.edropout.gates import Gate, GateRegistry
from dsd_tf.models.channels import Kind, kind_of


def published_size(registry: GateRegistry) -> int:
    """The length of a state by the README of github.com/sparsifai/edropout, some of whose bits say the same twice.

    Residual networks: a projection and its batch normalisation have a bit each per channel. Others: one more bit for
    every class, and for every input of a classifier that is a convolution.
    """
    graph = registry.graph
    if any(kind_of(graph, call) is Kind.ADD for call in graph.calls):
        return registry.size + sum(gate.units for gate in registry.gates if _is_projection(registry, gate))
    classifier = [call for call in graph.calls if hasattr(call.operation, "kernel")][-1]
    inputs, classes = classifier.operation.kernel.shape[-2:]
    return registry.size + classes + (inputs if hasattr(classifier.operation, "filters") else 0)


def published_kept(registry: GateRegistry, state: np.ndarray) -> int:
    """The papers' "#p": a unit that is on counts with its weights from all inputs, off or not, and one more.

    Of layers whose outputs have no bits, such as the classifier, weights count whose input is on.
    """
    gates = {id(gate.layer.kernel): gate for gate in registry.gates if not gate.of_inputs}
    kept = 0
    for weight, on in active_weights(registry, tf.constant(state)):
        if gate := gates.get(id(weight)):
            kept += np.count_nonzero(state[gate.bits]) * (math.prod(weight.shape[:-1]) + 1)
        elif len(weight.shape) > 1:
            kept += np.count_nonzero(on)
    return int(kept)


def _is_projection(registry: GateRegistry, gate: Gate) -> bool:
    """Whether a layer makes the shortcut of a residual block: it shares its input with the block's own layers."""
    consumers = registry.graph.consumers()
    is_added = any(kind_of(registry.graph, call) is Kind.ADD for call in consumers[gate.tensor])
    return is_added and len(consumers[gate.call.inputs[0]]) > 1
