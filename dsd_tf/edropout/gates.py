"""Gates: one bit for every unit of a network that can be switched off, and removed, by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from dsd_tf.models.graph import Call, Graph


@dataclass(frozen=True, eq=False)
class Gate:
    """The units of one layer, a bit each: its outputs, or the inputs of a dense layer that are no layer's outputs.

    A unit that is off is zero in `tensor`: behind the layer's batch normalisation and activation, or before it. `call`
    is that of the layer, `norms` are the normalisations between it and `tensor`. `start` is the place of the first bit
    in a state.
    """

    name: str
    call: Call
    tensor: int
    units: int
    start: int
    norms: tuple[keras.layers.BatchNormalization, ...] = ()
    of_inputs: bool = False

    @property
    def layer(self) -> keras.layers.Layer:
        return self.call.operation

    @property
    def bits(self) -> slice:
        """Where its bits are in a state."""
        return slice(self.start, self.start + self.units)


class GateRegistry:
    """The gates of a network. A state is a bool array [size]: which units are on.

    Attributes:
        graph: the calls of the network.
        gates: in the order of the bits.
        skipped: layers with weights whose units have no bits -> why.
    """

    def __init__(self, graph: Graph, gates: Sequence[Gate], skipped: Mapping[str, str]):
        self.graph, self.gates, self.skipped = graph, list(gates), dict(skipped)
        self._at_tensor = {gate.tensor: gate for gate in gates if not gate.of_inputs}
        self._of_outputs = {gate.call: gate for gate in gates if not gate.of_inputs}
        self._before = {gate.call: gate for gate in gates if gate.of_inputs}

    @property
    def size(self) -> int:
        """Number of bits of a state (the papers' D)."""
        return sum(gate.units for gate in self.gates)

    @cached_property
    def group(self) -> np.ndarray:
        """The number of the gate that each bit belongs to, int32 [size]."""
        return np.repeat(np.arange(len(self.gates), dtype=np.int32), [gate.units for gate in self.gates])

    def of_outputs(self, call: Call) -> Gate | None:
        """The gate on the units that the layer of a call makes."""
        return self._of_outputs.get(call)

    def after(self, call: Call) -> Gate | None:
        """The gate that acts on what a call gives: the layer's own, or of one before it."""
        return self._at_tensor.get(call.output)

    def before(self, call: Call) -> Gate | None:
        """The gate that acts on what a call takes."""
        return self._before.get(call)
