"""Which variables of a Keras model can be pruned, and why the others cannot."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import keras

# Attribute names of the weights TFMOT's PruneRegistry prunes, for the Keras 3 layer of the same name.
_PRUNABLE = {
    "Dense": ("kernel",),
    "EinsumDense": ("kernel",),
    "Conv1D": ("kernel",),
    "Conv2D": ("kernel",),
    "Conv3D": ("kernel",),
    "Conv1DTranspose": ("kernel",),
    "Conv2DTranspose": ("kernel",),
    "Conv3DTranspose": ("kernel",),
    "SeparableConv1D": ("pointwise_kernel",),
    "SeparableConv2D": ("pointwise_kernel",),
    "Embedding": ("embeddings",),
    "SimpleRNNCell": ("kernel", "recurrent_kernel"),
    "GRUCell": ("kernel", "recurrent_kernel"),
    "LSTMCell": ("kernel", "recurrent_kernel"),
}
_PRUNABLE_TYPES = tuple(getattr(keras.layers, name) for name in _PRUNABLE)
# Their prunable layers do not exist before they are built.
_LATE = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)


@dataclass(frozen=True)
class Kernel:
    """One weight tensor of a layer. `why_dense` says why it is not pruned; empty if it is.

    `positions` is how often the kernel is applied per example (output pixels of a convolution, 1 for a plain
    Dense); None where the layer's output size is not known.
    """

    name: str
    layer: keras.layers.Layer
    variable: keras.Variable
    positions: int | None
    why_dense: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.variable.shape)


@dataclass(frozen=True)
class KernelFilter:
    """Which of the prunable kernels to leave dense: by name pattern, and the first or last of the network."""

    exclude: tuple[str, ...] = ()
    protect_first: bool = False
    protect_last: bool = False

    def apply(self, kernels: Sequence[Kernel]) -> list[Kernel]:
        prunable = [k.name for k in kernels if not k.why_dense]
        ends = {prunable[0]: "first layer"} if self.protect_first and prunable else {}
        if self.protect_last and prunable:
            ends[prunable[-1]] = "last layer"
        return [k if k.why_dense else replace(k, why_dense=self._reason(k.name, ends)) for k in kernels]

    def _reason(self, name: str, ends: dict[str, str]) -> str:
        pattern = next((p for p in self.exclude if fnmatch.fnmatch(name, p)), None)
        return f"excluded by {pattern!r}" if pattern else ends.get(name, "")


def list_kernels(model: keras.Model) -> list[Kernel]:
    """Every weight tensor that is not a bias or a normalisation scale, with the reason if it stays dense.

    They come in model order. A custom layer names its own by a method `get_prunable_weights()` (TFMOT's name)
    that returns `keras.Variable`s.

    Raises:
        ValueError: if the model has no weights yet; call it on a batch or `build` it first.
    """
    if not model.weights:
        raise ValueError(f"model {model.name!r} has no weights yet: build it, or call it on one batch, before pruning")
    nodes = _graph_nodes(model)
    kernels: dict[int, Kernel] = {}
    for layer in (layer for layer in (*inner_layers(model), model) if layer.built):
        for kernel in _kernels_of(layer, model.name, nodes):
            kernels.setdefault(id(kernel.variable), kernel)  # tied layers name the same variable
    return _unique_names(list(kernels.values()))


def can_be_pruned(layer: keras.layers.Layer) -> bool:
    """Whether a layer, built or not, has weights that can be pruned, in itself or in layers inside it."""
    layers = (layer, *inner_layers(layer))
    return any(hasattr(inner, "get_prunable_weights") or isinstance(inner, _PRUNABLE_TYPES + _LATE) for inner in layers)


def is_graph(model: keras.Model) -> bool:
    """Whether a model is made of layers that can be listed and called anew: Sequential or functional."""
    return isinstance(model, keras.Sequential) or hasattr(model, "_nodes_by_depth")


def inner_layers(model: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """All layers inside a model, nested models and wrappers unfolded, each once, in model order."""
    seen: set[int] = set()

    def walk(layer):
        for child in children(layer):
            if id(child) not in seen:
                seen.add(id(child))
                yield child
                yield from walk(child)

    yield from walk(model)


def children(layer: keras.layers.Layer) -> Sequence[keras.layers.Layer]:
    """The layers a model, wrapper or composite layer holds directly."""
    return getattr(layer, "layers", None) or layer._layers


def _graph_nodes(model: keras.Model) -> set[int]:
    """Ids of the call nodes of the functional graphs in `model`: a layer may have nodes of other models."""
    graphs = [getattr(layer, "_functional", None) or layer for layer in (model, *inner_layers(model))]
    depths = [getattr(graph, "_nodes_by_depth", {}) for graph in graphs]
    return {id(node) for depth in depths for nodes in depth.values() for node in nodes}


def _kernels_of(layer: keras.layers.Layer, model_name: str, nodes: set[int]) -> Iterator[Kernel]:
    prunable = {id(variable): variable for variable in _prunable_weights(layer)}
    others = [v for v in layer._trainable_variables + layer._non_trainable_variables if id(v) not in prunable]
    for variable in (*prunable.values(), *filter(_is_kernel, others)):
        reason = _why_dense(variable) if id(variable) in prunable else _why_not_prunable(layer, prunable)
        name = variable.path.removeprefix(f"{model_name}/")
        yield Kernel(name, layer, variable, _positions(layer, nodes), reason)


def _is_kernel(variable: keras.Variable) -> bool:
    return len(variable.shape) > 1 and _is_float(variable) and variable.name != "bias"


def _why_dense(variable: keras.Variable) -> str:
    if not _is_float(variable):
        return f"quantised ({variable.dtype})"
    return "" if variable.trainable else "frozen (trainable=False)"


def _why_not_prunable(layer: keras.layers.Layer, prunable: Collection) -> str:
    kind = type(layer).__name__
    if prunable:
        return f"not one of the weights that {kind} layers are pruned in"
    return f"{kind} layers are not pruned; a custom layer can define get_prunable_weights()"


def _prunable_weights(layer: keras.layers.Layer) -> list[keras.Variable]:
    if hasattr(layer, "get_prunable_weights"):
        return list(layer.get_prunable_weights())
    for layer_type, attributes in zip(_PRUNABLE_TYPES, _PRUNABLE.values(), strict=True):
        if isinstance(layer, layer_type):
            return [_raw(layer, attribute) for attribute in attributes]
    return []


def _raw(layer: keras.layers.Layer, attribute: str) -> keras.Variable:
    # `kernel` and `embeddings` are properties that may return a tensor (LoRA, quantised layers)
    value = getattr(layer, f"_{attribute}", None)
    return value if isinstance(value, keras.Variable) else getattr(layer, attribute)


def _is_float(variable: keras.Variable) -> bool:
    return keras.backend.is_float_dtype(variable.dtype)


def _positions(layer: keras.layers.Layer, nodes: set[int]) -> int | None:
    total = 0
    for node in (node for node in layer._inbound_nodes if id(node) in nodes):
        for tensor in keras.tree.flatten(node.output_tensors):
            shape = tensor.shape[1:-1]
            if None in shape:
                return None
            total += math.prod(shape)
    return total or None


def _unique_names(kernels: list[Kernel]) -> list[Kernel]:
    seen: dict[str, int] = {}
    unique = []
    for kernel in kernels:
        seen[kernel.name] = seen.get(kernel.name, 0) + 1
        times = seen[kernel.name]
        unique.append(kernel if times == 1 else replace(kernel, name=f"{kernel.name}#{times}"))
    return unique


def forward_flops(model: keras.Model) -> float:
    """FLOPs of one example's way through the kernels of a model, all weights counted, a multiply-add as 2.

    Kernels applied at an unknown number of positions are left out.
    """
    return 2.0 * sum(math.prod(kernel.shape) * (kernel.positions or 0) for kernel in list_kernels(model))
