"""Compaction: the same function as a smaller ordinary network, without the units that pruning silenced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from dsd_tf.compression.channel_values import ChannelValues, channel_values
from dsd_tf.compression.demand import Demand
from dsd_tf.compression.rebuild import Rebuild
from dsd_tf.models.channels import Kind, kind_of
from dsd_tf.models.graph import Call, Graph


@dataclass(frozen=True)
class Compacted:
    """`model` computes what the given one did, at inference.

    `units` tells for every layer with a kernel how many outputs it has, before and after; 0 where it is gone. `left`
    names what was left as wide as it was though channels that go there say nothing, and why.
    """

    model: keras.Model
    units: dict[str, tuple[int, int]]
    left: dict[str, str]


def compact(model: keras.Model) -> Compacted:
    """Remove from a functional or Sequential model what does not change its outputs.

    A unit goes if it is zero for every input, as where its filter and shift are zero, or if nothing reads it. Units
    that are constant but not zero (a pruned filter's bias) are merged into one. Convolutions, dense layers, batch
    normalisation, elementwise activations, pooling, padding, flattening, sums and concatenations are narrowed; around
    everything else, layers called more than once included, all channels stay.

    Raises:
        UsageError: if the model is not made of layers that can be traced and copied.
    """
    graph = Graph(model)
    kinds = {call: _kind(graph, call) for call in graph.calls}
    known = channel_values(graph, kinds)
    demand = Demand(graph, kinds, known)
    smaller = Rebuild(graph, kinds, known, demand).model(model.name)
    units = {
        call.name: (graph.channels(call.output), len(demand.channels(call.output)))
        for call in graph.calls
        if kinds[call] is Kind.KERNEL
    }
    return Compacted(smaller, units, _left(graph, kinds, known))


def _kind(graph: Graph, call: Call) -> Kind:
    kind = kind_of(graph, call)
    has_weights = bool(getattr(call.operation, "weights", ()))
    is_shared = has_weights and len(graph.calls_of(call.operation)) > 1
    return kind if not is_shared and all(map(graph.has_channels, (*call.inputs, *call.outputs))) else Kind.OTHER


def _left(graph: Graph, kinds: Mapping[Call, Kind], known: Mapping[int, ChannelValues]) -> dict[str, str]:
    left: dict[str, str] = {}
    for call in (call for call in graph.calls if kinds[call] is Kind.OTHER):
        if silent := _silent(call, known):
            shared = len(graph.calls_of(call.operation)) > 1
            what = "shared layers are" if shared else f"what {type(call.operation).__name__} does to channels is"
            left.setdefault(call.name.partition("/")[0], f"{what} not known to be safe: {silent} silent channels stay")
    return left


def _silent(call: Call, known: Mapping[int, ChannelValues]) -> int:
    """How many channels that go into a call are zero, and how many filters of its layer are."""
    zeros = sum(int(np.count_nonzero(known[tensor].is_zero)) for tensor in call.inputs)
    kernel = getattr(call.operation, "kernel", None)
    if kernel is None:
        return zeros
    return zeros + int(np.count_nonzero(~np.any(kernel, axis=tuple(range(len(kernel.shape) - 1)))))
