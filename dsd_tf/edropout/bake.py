"""Making the units that a state switches off zeros of an ordinary network's own weights."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from dsd_tf.edropout.gates import Gate, GateRegistry


def bake(registry: GateRegistry, state: np.ndarray) -> None:
    """Zero all weights of units that are off in `state` (bool [size]): the network then computes what the gates let by.

    That holds at inference; filters, biases, and shift, scale and moving mean of the normalisation behind them are
    zeroed, or what reads a unit where its gate is on the inputs of a layer.
    """
    for gate in registry.gates:
        off = ~state[gate.bits]
        for variable, axis in _owned(gate):
            values = np.moveaxis(np.array(variable), axis, -1)
            values[..., off] = 0
            variable.assign(np.moveaxis(values, -1, axis))


def _owned(gate: Gate) -> Iterator[tuple[keras.Variable, int]]:
    """The variables of a gate's units, and the axis along which these lie."""
    yield gate.layer.kernel, -2 if gate.of_inputs else -1
    if gate.of_inputs:
        return
    if gate.layer.use_bias:
        yield gate.layer.bias, 0
    for norm in gate.norms:
        for variable in (norm.gamma, norm.beta, norm.moving_mean):
            if variable is not None:
                yield variable, 0
