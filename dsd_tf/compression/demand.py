"""Which channels of a network have to be computed for its outputs to be what they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dsd_tf.compression.channel_values import ChannelValues
from dsd_tf.models.channels import Kind
from dsd_tf.models.graph import Call, Graph


class Demand:
    """For every tensor, which channels are needed (`wanted`: bool [channels]).

    None is needed that is zero, but where a layer would have nothing else. Of channels that are multiples of one
    pattern a layer with a kernel needs only one, the representative. Tensors whose channels answer each other one to
    one, as the terms of a sum do, keep the same ones: a residual stage is as wide as its widest term. Putting fewer
    channels in their places before each sum would save arithmetic, but takes longer than it saves.
    """

    def __init__(self, graph: Graph, kinds: Mapping[Call, Kind], known: Mapping[int, ChannelValues]):
        self._graph, self._kinds, self._known = graph, kinds, known
        self.wanted = {tensor: np.zeros(len(values.value), bool) for tensor, values in known.items()}
        self._reads = {call: _reads(call) for call in graph.calls if kinds[call] is Kind.KERNEL}
        for tensor in (*graph.inputs, *graph.outputs):
            self.wanted[tensor][:] = True
        while self._grows():
            pass

    def channels(self, tensor: int) -> np.ndarray:
        """The channels of a tensor that are needed, ascending."""
        return np.flatnonzero(self.wanted[tensor])

    def terms(self, call: Call) -> list[int]:
        """The inputs of a sum that are not zero all over; the first one if all are."""
        return [x for x in call.inputs if not self._known[x].is_zero.all()] or list(call.inputs[:1])

    def _grows(self) -> bool:
        """Pass demand on from every call's outputs to its inputs, and between channels that go together; tells if any
        was new."""
        before = self._count()
        for call in reversed(self._graph.calls):
            if any(self.wanted[tensor].any() for tensor in (*call.inputs, *call.outputs)):
                self._pass_on(call, self._kinds[call])
        return self._count() > before

    def _count(self) -> int:
        return sum(np.count_nonzero(wanted) for wanted in self.wanted.values())

    def _pass_on(self, call: Call, kind: Kind) -> None:
        inputs, out = [self.wanted[tensor] for tensor in call.inputs], self.wanted[call.output]
        match kind:
            case Kind.KERNEL:
                inputs[0] |= self._of_kernel(call, out)
            case Kind.CONCATENATE:
                for wanted, part in zip(inputs, np.split(out, np.cumsum([len(x) for x in inputs])[:-1]), strict=True):
                    _unite([wanted, part])
            case Kind.ADD:
                _unite([*(self.wanted[tensor] for tensor in self.terms(call)), out])
            case Kind.FLATTEN:
                _unite([inputs[0], *out.reshape(-1, len(inputs[0]))])
            case Kind.OTHER:
                if any(self.wanted[tensor].any() for tensor in call.outputs):
                    for wanted in (*inputs, *(self.wanted[tensor] for tensor in call.outputs)):
                        wanted[:] = True
            case _:
                _unite([*inputs, out])

    def _of_kernel(self, call: Call, out: np.ndarray) -> np.ndarray:
        known = self._known[call.inputs[0]]
        if not out.any():
            return np.zeros_like(known.is_zero)
        read = self._reads[call][:, out].any(axis=1) & ~known.is_zero
        needed = read & known.varies
        for group in multiples(known):
            needed[group[0]] = read[group].any()
        if not needed.any():
            needed[0] = True
        return needed


def multiples(known: ChannelValues) -> list[np.ndarray]:
    """Channels that are not zero and known but for a pattern, by pattern; the largest, their representative, first."""
    fixed = np.flatnonzero(~known.varies & ~known.is_zero)
    groups = [fixed[known.pattern[fixed] == pattern] for pattern in np.unique(known.pattern[fixed])]
    return [group[np.argsort(-np.abs(known.value[group]), kind="stable")] for group in groups]


def _reads(call: Call) -> np.ndarray:
    """Whether an output of a layer is made of an input: bool [inputs, outputs]."""
    kernel = call.operation.kernel.numpy()
    return (kernel != 0).any(axis=tuple(range(kernel.ndim - 2)))


def _unite(wanted: list[np.ndarray]) -> None:
    """Let every one of these want what any of them wants."""
    union = np.logical_or.reduce(wanted)
    for channels in wanted:
        channels[:] = union
