"""Finding the units of any functional Keras model that can be switched off one by one."""

from __future__ import annotations

import keras
import numpy as np

from dsd_tf.edropout.gates import Gate, GateRegistry
from dsd_tf.errors import UsageError
from dsd_tf.models.channels import Kind, keeps_zero, kind_of
from dsd_tf.models.graph import Call, Graph


def find_gates(model: keras.Model) -> GateRegistry:
    """One bit for every output of a convolution or dense layer, but for those that are the network's own outputs.

    Where the inputs of a dense layer are not units of layers (flattened maps, residual sums), they have bits too.
    Nothing has to be known of the architecture.

    Raises:
        UsageError: if the model cannot be traced, or has no such unit; names what was passed over.
    """
    found = _Finder(Graph(model))
    if not found.gates:
        listed = "; ".join(f"{name}: {reason}" for name, reason in found.skipped.items())
        raise UsageError(f"model {model.name!r} has no unit that can be gated ({listed or 'no layer has weights'})")
    return GateRegistry(found.graph, found.gates, found.skipped)


class _Finder:
    def __init__(self, graph: Graph):
        self.graph, self.gates, self.skipped = graph, [], {}
        self._kinds = {call: kind_of(graph, call) for call in graph.calls}
        self._consumers = graph.consumers()
        self._near_output = self._tensors_near_output()
        self._origin = dict.fromkeys(graph.inputs, "input")
        for call in graph.calls:
            self._visit(call)

    def _tensors_near_output(self) -> set[int]:
        """Tensors between which and the outputs no layer has a kernel."""
        near = set(self.graph.outputs)
        for call in reversed(self.graph.calls):
            if not near.isdisjoint(call.outputs) and not _has_kernel(call.operation):
                near.update(call.inputs)
        return near

    def _visit(self, call: Call) -> None:
        if isinstance(call.operation, keras.layers.Dense):
            self._gate_inputs(call)
        gated = self._gate_outputs(call) if _has_kernel(call.operation) else False
        self._origin |= dict.fromkeys(call.outputs, "units" if gated else self._origin_of(call))

    def _gate_inputs(self, call: Call) -> None:
        if self._kinds[call] is Kind.KERNEL and self._called_once(call) and self._origin[call.inputs[0]] == "mixed":
            self._add(f"{call.name} inputs", call, call.inputs[0], of_inputs=True)

    def _gate_outputs(self, call: Call) -> bool:
        """Add a gate for the outputs of a layer with a kernel, or note why there is none; tells which."""
        reason = self._why_not(call)
        if not reason:
            tensor, norms, reason = self._end_of(call)
        if reason:
            self.skipped[call.name] = reason
        else:
            self._add(call.name, call, tensor, tuple(norms))
        return not reason

    def _add(self, name: str, call: Call, tensor: int, norms: tuple = (), of_inputs: bool = False) -> None:
        start = self.gates[-1].bits.stop if self.gates else 0
        self.gates.append(Gate(name, call, tensor, self.graph.channels(tensor), start, norms, of_inputs))

    def _why_not(self, call: Call) -> str:
        if self._kinds[call] is not Kind.KERNEL:
            return f"units of this {type(call.operation).__name__} cannot be gated"
        if not self._called_once(call):
            return "a shared layer"
        if call.output in self._near_output:
            return "its units are the network's outputs"
        return "" if keeps_zero(call.operation) else _not_silent(call)

    def _end_of(self, call: Call) -> tuple[int, list[keras.layers.Layer], str]:
        """Where a unit is masked: behind normalisations and activations that follow; and why it cannot be, if so."""
        tensor, norms = call.output, []
        while len(followers := self._consumers[tensor]) == 1 and tensor not in self.graph.outputs:
            (follower,) = followers
            kind = self._kinds[follower]
            if kind not in (Kind.NORM, Kind.ELEMENTWISE):
                break
            if kind is Kind.NORM and not self._called_once(follower):
                return tensor, norms, f"followed by a shared layer, {follower.name}"
            if kind is Kind.NORM:
                norms.append(follower.operation)
            elif not keeps_zero(follower.operation):
                return tensor, norms, _not_silent(follower)
            tensor = follower.output
        return tensor, norms, ""

    def _called_once(self, call: Call) -> bool:
        return len(self.graph.calls_of(call.operation)) == 1

    def _origin_of(self, call: Call) -> str:
        """Whether the channels a call gives are the network's inputs, units of layers, or made of several of them."""
        kind, origins = self._kinds[call], {self._origin[tensor] for tensor in call.inputs}
        if origins == {"input"} and not _has_kernel(call.operation):
            return "input"
        if kind is Kind.FLATTEN and np.prod(self.graph.shape(call.inputs[0])[1:-1]) == 1:
            return origins.pop()
        if (kind.keeps_channels or kind is Kind.CONCATENATE) and len(origins) == 1:
            return origins.pop()
        return "mixed"


def _has_kernel(operation: keras.Operation) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))


def _not_silent(call: Call) -> str:
    return f"{call.name} is not zero for a unit that is off"
