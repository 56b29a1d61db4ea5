"""Building a network anew with only some of its channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers

from dsd_tf.compression.channel_values import ChannelValues
from dsd_tf.compression.demand import Demand, multiples
from dsd_tf.errors import UsageError
from dsd_tf.models.channels import Kind
from dsd_tf.models.graph import Call, Graph


class Rebuild:
    """Makes the calls of a graph again, narrower, with the weights that are left.

    Args:
        known: what is known of the channels that are left out.
        demand: which channels are needed.
    """

    def __init__(self, graph: Graph, kinds: Mapping[Call, Kind], known: Mapping[int, ChannelValues], demand: Demand):
        self._graph, self._kinds, self._known, self._demand = graph, kinds, known, demand
        self._copies: dict[int, keras.Operation] = {}

    def model(self, name: str) -> keras.Model:
        """The new model; takes what the old one took, gives what it gave."""
        inputs = [_input(self._graph.symbols[tensor]) for tensor in self._graph.inputs]
        ends = zip(self._graph.structures, (inputs, self._graph.run(inputs, self._make)), strict=True)
        return keras.Model(*(keras.tree.pack_sequence_as(*end) for end in ends), name=name)

    def _make(self, call: Call, inputs: list[KerasTensor | None]) -> Sequence[KerasTensor | None]:
        """What a call gives; nothing where no channel of it is needed."""
        if not any(self._demand.wanted[tensor].any() for tensor in call.outputs):
            return [None] * len(call.outputs)
        kind, needed = self._kinds[call], self._needed(call, inputs)
        match kind:
            case Kind.KERNEL:
                return [self._kernel(call, needed[0])]
            case Kind.NORM:
                kept = self._demand.channels(call.output)
                return self._copied(call, needed, [weight[kept] for weight in call.operation.get_weights()])
            case Kind.ADD | Kind.CONCATENATE if len(needed) < len(inputs):
                merge = layers.Add if kind is Kind.ADD else layers.Concatenate
                return [needed[0] if len(needed) == 1 else merge(name=_name(call))(needed)]
        return self._copied(call, needed, getattr(call.operation, "get_weights", list)())

    def _needed(self, call: Call, inputs: list[KerasTensor | None]) -> list[KerasTensor]:
        used = self._demand.terms(call) if self._kinds[call] is Kind.ADD else call.inputs
        pairs = zip(call.inputs, inputs, strict=True)
        return [tensor for number, tensor in pairs if tensor is not None and number in used]

    def _kernel(self, call: Call, x: KerasTensor) -> KerasTensor:
        inputs, outputs = self._demand.channels(call.inputs[0]), self._demand.channels(call.output)
        layer = call.operation
        kernel = merged(layer.kernel.numpy(), self._known[call.inputs[0]], inputs)
        weights = [kernel[..., inputs, :][..., outputs]]
        if layer.use_bias:
            weights.append(layer.bias.numpy()[outputs])
        width = "units" if isinstance(layer, layers.Dense) else "filters"
        return self._copied(call, [x], weights, **{width: len(outputs)})[0]

    def _copied(
        self, call: Call, inputs: list[KerasTensor], weights: list[np.ndarray], **changes: Any
    ) -> list[KerasTensor]:
        """What a copy of the operation with these weights gives; all calls of an operation have the same copy."""
        operation = call.operation
        if id(operation) not in self._copies:
            self._copies[id(operation)] = _anew(operation, {"name": _name(call)} | changes)
        copy = self._copies[id(operation)]
        arguments, keywords = call.arguments(inputs)
        outputs = keras.tree.flatten(copy(*arguments, **keywords))
        if weights:
            copy.set_weights(weights)
        if hasattr(copy, "finalize_state"):  # an adapted Normalization computes with what this makes of its weights
            copy.finalize_state()
        return outputs


def merged(kernel: np.ndarray, known: ChannelValues, kept: np.ndarray) -> np.ndarray:
    """The kernel where, of inputs that are multiples of each other, a kept one stands for those that are not."""
    kernel = kernel.copy()
    for first, *others in multiples(known):
        for other in np.setdiff1d(others, kept):
            kernel[..., first, :] += known.value[other] / known.value[first] * kernel[..., other, :]
    return kernel


def _anew(operation: keras.Operation, changes: dict[str, Any]) -> keras.Operation:
    try:
        return type(operation).from_config(operation.get_config() | changes)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise UsageError(
            f"layer {operation.name!r} ({type(operation).__name__}) cannot be copied: it needs a get_config() with all "
            "that its from_config() takes, name included, and no function that is not registered with Keras"
        ) from error


def _input(symbol: KerasTensor) -> KerasTensor:
    return keras.Input(batch_shape=symbol.shape, dtype=symbol.dtype, name=symbol._keras_history.operation.name)


def _name(call: Call) -> str:
    return call.name.replace("/", "_")
