"""Many states of a network on the same images, in one graph.

States are folded into the batch axis: masks of filters are masks of output channels, so one convolution serves all
states of a fold. What no gate has a part in is computed once. Units that no state of the fold keeps are left out, and
put back as zeros where a sum needs them. On a CPU, where a larger batch brings nothing, folds of one state are the
fastest for that.
"""

from __future__ import annotations

import math
from dataclasses import replace

import tensorflow as tf

from dsd_tf.edropout.gates import Gate, GateRegistry
from dsd_tf.edropout.waves import (
    Wave,
    flat,
    folded,
    masked,
    multiplied,
    narrowed,
    normalised,
    numbers,
    side_by_side,
    united,
    whole,
)
from dsd_tf.errors import UsageError
from dsd_tf.models.channels import Kind, keeps_zero, kind_of
from dsd_tf.models.graph import Call, continue_run


class PopulationForward:
    """The logits of states, each with batch normalisation by its own batch; moving statistics stay as they are.

    Dropout is off: states are compared by what they make of the images, not by luck.

    Raises:
        UsageError: for a network of several inputs or outputs, of a single logit, or of sizes that are not known.
    """

    def __init__(self, registry: GateRegistry):
        graph = self._graph = registry.graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise UsageError("states can be compared only on networks with one input and one output")
        shapes = [graph.shape(tensor) for call in graph.calls for tensor in call.outputs]
        if any(len(shape) < 2 or None in shape[1:] for shape in shapes):
            raise UsageError(
                "states are compared only where all sizes but the batch's are known; give Input a full shape"
            )
        if graph.channels(graph.outputs[0]) < 2:
            raise UsageError(
                "states are compared by the logits of two classes or more; the network has a single output"
            )
        self._registry = registry
        self._kinds = {call: kind_of(graph, call) for call in graph.calls}
        self._stem, self._rest = _divided(registry)
        self._fills = {call for call in _behind_gates(registry) if _fills(call, self._kinds[call])}

    def logits(self, images: tf.Tensor, states: tf.Tensor, fold: int) -> tf.Tensor:
        """float32 [n, B, classes] for images [B, ...] and bool states [n, size], `fold` (a divisor of n) at once.

        Every gate has to have a unit that is on.
        """
        common = {self._graph.inputs[0]: Wave(images)}
        continue_run(self._stem, common, lambda call, inputs: self._plain(call, inputs, None))
        classes = self._graph.channels(self._graph.outputs[0])

        def of_fold(states: tf.Tensor) -> tf.Tensor:
            waves = dict(common)
            continue_run(self._rest, waves, lambda call, inputs: self._make(call, inputs, states))
            logits = whole(waves[self._graph.outputs[0]], classes).tensor
            return tf.cast(tf.reshape(logits, [fold, -1, classes]), tf.float32)

        folds = tf.reshape(states, [-1, fold, states.shape[1]])
        signature = tf.TensorSpec([fold, None, classes], tf.float32)
        logits = tf.map_fn(of_fold, folds, parallel_iterations=1, fn_output_signature=signature)
        return tf.reshape(logits, [states.shape[0], -1, classes])

    def peak_bytes(self, batch: int) -> int:
        """The most memory that the tensors of one state take at a time, for a batch of this size."""
        last = {tensor: index for index, call in enumerate(self._rest) for tensor in call.inputs}
        alive, peak = {}, 0
        for index, call in enumerate(self._rest):
            alive |= {tensor: 4 * batch * math.prod(self._graph.shape(tensor)[1:]) for tensor in call.outputs}
            peak = max(peak, sum(alive.values()))
            alive = {tensor: size for tensor, size in alive.items() if last.get(tensor, -1) > index}
        return peak

    def _make(self, call: Call, inputs: list[Wave], states: tf.Tensor) -> list[Wave]:
        inputs = [folded(wave, max(wave.states for wave in inputs)) for wave in inputs]
        if gate := self._registry.before(call):
            inputs = [masked(inputs[0], states[:, gate.bits])]
        made = self._plain(call, inputs, states)
        if (gate := self._registry.after(call)) is None:
            return made
        if states.shape[0] > 1:
            return [masked(made[0], states[:, gate.bits])]
        # of a single state only the units that are on were computed
        return made if made[0].channels is not None else [narrowed(made[0], _on(gate, states))]

    def _plain(self, call: Call, inputs: list[Wave], states: tf.Tensor | None) -> list[Wave]:
        """What a call gives without its own gates."""
        widths = [self._graph.channels(tensor) for tensor in call.inputs]
        if call in self._fills:
            inputs = [whole(wave, width) for wave, width in zip(inputs, widths, strict=True)]
        match self._kinds[call]:
            case Kind.KERNEL:
                gate = None if states is None else self._registry.of_outputs(call)
                return [multiplied(call.operation, inputs[0], gate and _on(gate, states))]
            case Kind.NORM:
                return [normalised(call.operation, inputs[0])]
            case Kind.CONCATENATE:
                return [side_by_side(inputs, widths)]
            case Kind.FLATTEN:
                return [flat(inputs[0], widths[0], self._graph.channels(call.output))]
            case Kind.ADD:
                inputs = united(inputs, widths[0])
            case Kind.OTHER:
                inputs = [whole(wave, width) for wave, width in zip(inputs, widths, strict=True)]
        tensors = call.apply([wave.tensor for wave in inputs])
        return [replace(inputs[0], tensor=tensor) for tensor in tensors]


def _on(gate: Gate, states: tf.Tensor) -> tf.Tensor:
    """The units of a gate that are on in some of the states."""
    return numbers(tf.reduce_any(states[:, gate.bits], axis=0))


def _behind_gates(registry: GateRegistry) -> list[Call]:
    """The calls but for those between a layer and the gate on its units, where a unit left out will be zero anyway."""
    before_gate, behind = set(), []
    for call in registry.graph.calls:
        is_behind = before_gate.isdisjoint(call.inputs)
        if is_behind:
            behind.append(call)
        if (registry.of_outputs(call) or not is_behind) and registry.after(call) is None:
            before_gate.update(call.outputs)
    return behind


def _fills(call: Call, kind: Kind) -> bool:
    """Whether the call makes something else than zero of a channel that is zero, without mixing channels."""
    return kind is Kind.NORM or (kind is Kind.ELEMENTWISE and not keeps_zero(call.operation))


def _divided(registry: GateRegistry) -> tuple[list[Call], list[Call]]:
    """The calls that no gate has a part in, and the others."""
    stem, rest, gated = [], [], set()
    for call in registry.graph.calls:
        if registry.before(call) or registry.after(call) or not gated.isdisjoint(call.inputs):
            gated.update(call.outputs)
            rest.append(call)
        else:
            stem.append(call)
    return stem, rest
