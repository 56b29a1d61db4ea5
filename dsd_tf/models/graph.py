"""A functional Keras model as a list of calls, to be walked, run in another way, or rebuilt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import KerasTensor

from dsd_tf.errors import UsageError


@dataclass(frozen=True, eq=False)
class Call:
    """One call of an operation. Tensors are numbers; `name` is the operation's, after those of models around it."""

    name: str
    operation: keras.Operation
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    node: Any

    @property
    def output(self) -> int:
        """The first output; most operations have no other."""
        return self.outputs[0]

    def arguments(self, inputs: Sequence[Any]) -> tuple[tuple, dict]:
        """The arguments of the call with `inputs` in place of its tensors."""
        return self.node.arguments.fill_in(
            {id(symbol): value for symbol, value in zip(self.node.input_tensors, inputs, strict=True)}
        )

    def apply(self, inputs: Sequence[Any], training: bool = False) -> Sequence[Any]:
        """Call the operation again, on `inputs`, in training or inference; returns its outputs."""
        arguments, keywords = self.arguments(inputs)
        if "training" in inspect.signature(self.operation.call).parameters:
            keywords = keywords | {"training": training}
        return keras.tree.flatten(self.operation(*arguments, **keywords))


class Graph:
    """The calls of a functional or Sequential model in an order they can be made in, models inside of it unfolded.

    Attributes:
        inputs, outputs: tensors of the model.
        structures: what the model takes and gives: a symbol, or lists and dictionaries of them.
        symbols: what Keras knows of each tensor: shape, dtype.

    Raises:
        UsageError: for a model that is not made of such calls.
    """

    def __init__(self, model: keras.Model):
        functional = _functional(model)
        if functional is None:
            raise UsageError(f"model {model.name!r} is not a functional or Sequential model whose layers can be traced")
        self.symbols: list[KerasTensor] = []
        self.calls: list[Call] = []
        self.structures = functional._inputs_struct, functional._outputs_struct
        self.inputs = [self._number(symbol) for symbol in functional.inputs]
        known = dict(zip(map(id, functional.inputs), self.inputs, strict=True))
        self.outputs = self._unfold(functional, known, prefix="")

    def _number(self, symbol: KerasTensor) -> int:
        self.symbols.append(symbol)
        return len(self.symbols) - 1

    def _unfold(self, functional: Any, known: dict[int, int], prefix: str) -> list[int]:
        for node in _nodes(functional):
            inputs = tuple(known[id(symbol)] for symbol in node.input_tensors)
            name = prefix + node.operation.name
            inner = _functional(node.operation)
            if inner is None:
                outputs = tuple(self._number(symbol) for symbol in node.outputs)
                self.calls.append(Call(name, node.operation, inputs, outputs, node))
            else:
                of_inner = dict(zip(map(id, inner.inputs), inputs, strict=True))
                outputs = self._unfold(inner, of_inner, f"{name}/")
            known |= dict(zip(map(id, node.outputs), outputs, strict=True))
        return [known[id(symbol)] for symbol in functional.outputs]

    def shape(self, tensor: int) -> tuple[int | None, ...]:
        return tuple(self.symbols[tensor].shape)

    def channels(self, tensor: int) -> int:
        """The length of the last axis; 1 where `has_channels` is false."""
        return self.shape(tensor)[-1] if self.has_channels(tensor) else 1

    def has_channels(self, tensor: int) -> bool:
        """Whether there is a last axis of known length, beside that of the batch."""
        shape = self.shape(tensor)
        return len(shape) > 1 and shape[-1] is not None

    def producers(self) -> dict[int, Call]:
        """The call that makes each tensor; inputs of the model have none."""
        return {tensor: call for call in self.calls for tensor in call.outputs}

    def consumers(self) -> dict[int, list[Call]]:
        """The calls that take each tensor; an empty list if there are none."""
        found: dict[int, list[Call]] = {tensor: [] for tensor in range(len(self.symbols))}
        for call in self.calls:
            for tensor in dict.fromkeys(call.inputs):
                found[tensor].append(call)
        return found

    def calls_of(self, operation: keras.Operation) -> list[Call]:
        return [call for call in self.calls if call.operation is operation]

    def run(self, inputs: Sequence[Any], make: Callable[[Call, list[Any]], Sequence[Any]]) -> list[Any]:
        """The model's outputs where `make(call, its inputs)` gives the outputs of each call."""
        values: dict[int, Any] = dict(zip(self.inputs, inputs, strict=True))
        continue_run(self.calls, values, make)
        return [values[tensor] for tensor in self.outputs]


def continue_run(
    calls: Sequence[Call], values: dict[int, Any], make: Callable[[Call, list[Any]], Sequence[Any]]
) -> None:
    """Make `calls`, adding what they give to the `values` of tensors."""
    for call in calls:
        made = make(call, [values[tensor] for tensor in call.inputs])
        values |= dict(zip(call.outputs, made, strict=True))


def _functional(operation: keras.Operation) -> Any:
    """The functional graph that an operation is, or wraps as a Sequential model does; None for other operations.

    Raises:
        UsageError: if its class does something else in `call` than to run that graph.
    """
    graph = getattr(operation, "_functional", None) or operation
    if not hasattr(graph, "_nodes_by_depth"):
        return None
    # not the instance's: EDropout puts a `call` of its own there, which runs the graph too
    if type(operation).call.__module__.partition(".")[0] != "keras":
        raise UsageError(
            f"model {operation.name!r} has a call() of its own, which its layers do not show: make what it does layers "
            "of a functional or Sequential model"
        )
    return graph


def _nodes(functional: Any) -> Iterator[Any]:
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        yield from (node for node in functional._nodes_by_depth[depth] if not node.is_input)
