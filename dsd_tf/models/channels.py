"""What the operations of a graph do to channels (the last axis): which mix them, which treat each by itself."""

from __future__ import annotations

import enum

import keras
from keras import activations, layers

from dsd_tf.models.graph import Call, Graph


class Kind(enum.Enum):
    """What a call does to channels."""

    KERNEL = "each output channel is a weighted sum of the inputs, biased and activated"
    NORM = "each channel is scaled and shifted"
    ELEMENTWISE = "the same function of every value"
    IDENTITY = "nothing at inference"
    AVERAGE = "weighted means within each channel"
    MAXIMUM = "maxima within each channel"
    PAD = "zeros around each channel"
    ADD = "sums of equal channels"
    CONCATENATE = "channels side by side"
    FLATTEN = "positions become channels"
    OTHER = "not known"

    @property
    def keeps_channels(self) -> bool:
        """Whether output channel j comes from input channel j alone."""
        return self in _KEEP_CHANNELS


_KEEP_CHANNELS = {Kind.NORM, Kind.ELEMENTWISE, Kind.IDENTITY, Kind.AVERAGE, Kind.MAXIMUM, Kind.PAD}


def _layers(*names: str) -> set[type]:
    return {getattr(layers, name) for name in names}


def _by_rank(*names: str) -> set[type]:
    return {getattr(layers, f"{name}{rank}D") for name in names for rank in (1, 2, 3)}


# Exactly these classes: what a subclass does is not known.
_KERNELS = _layers("Dense") | _by_rank("Conv")
_KINDS = {
    Kind.NORM: _layers("BatchNormalization"),
    Kind.ELEMENTWISE: _layers("ReLU", "LeakyReLU", "ELU", "Activation"),
    Kind.IDENTITY: _layers("Dropout", "GaussianDropout", "GaussianNoise", "Identity") | _by_rank("SpatialDropout"),
    Kind.AVERAGE: _layers("AdaptiveAveragePooling2D", "UpSampling2D")
    | _by_rank("AveragePooling", "GlobalAveragePooling"),
    Kind.MAXIMUM: _by_rank("MaxPooling", "GlobalMaxPooling"),
    Kind.PAD: _by_rank("ZeroPadding"),
    Kind.ADD: _layers("Add"),
    Kind.CONCATENATE: _layers("Concatenate"),
    Kind.FLATTEN: _layers("Flatten"),
}
_KIND_OF_LAYER = {layer: kind for kind, found in _KINDS.items() for layer in found}
# operations between layers, as `x + y` or `ops.relu(x)` make them
_KIND_OF_OPERATION = {"Add": Kind.ADD, "Concatenate": Kind.CONCATENATE, "Relu": Kind.ELEMENTWISE}
_KIND_OF_OPERATION["Relu6"] = Kind.ELEMENTWISE
_ELEMENTWISE = [
    *(activations.linear, activations.relu, activations.relu6, activations.leaky_relu, activations.elu),
    *(activations.selu, activations.celu, activations.gelu, activations.silu, activations.mish, activations.tanh),
    *(activations.sigmoid, activations.hard_sigmoid, activations.hard_silu, activations.softplus),
    *(activations.softsign, activations.exponential),
]


def kind_of(graph: Graph, call: Call) -> Kind:
    """The kind of a call; OTHER unless its class, its options and the shapes leave no doubt."""
    operation = call.operation
    is_layer = isinstance(operation, layers.Layer)
    if getattr(operation, "data_format", "channels_last") != "channels_last":
        return Kind.OTHER
    # such as training=True, with which dropout is not nothing at inference
    if is_layer and any(value not in (None, False) for value in call.node.arguments.kwargs.values()):
        return Kind.OTHER
    if getattr(operation, "activation", None) not in (None, *_ELEMENTWISE):
        return Kind.OTHER
    if type(operation) in _KERNELS:
        return Kind.KERNEL if _is_plain_kernel(operation) else Kind.OTHER
    kinds, name = (_KIND_OF_LAYER, type(operation)) if is_layer else (_KIND_OF_OPERATION, type(operation).__name__)
    kind = kinds.get(name, Kind.OTHER)
    return kind if _fits(graph, call, kind) else Kind.OTHER


def _is_plain_kernel(layer: keras.layers.Layer) -> bool:
    plain = getattr(layer, "groups", 1) == 1 and getattr(layer, "padding", None) != "causal"
    return plain and not getattr(layer, "lora_enabled", False) and not getattr(layer, "quantization_mode", None)


def _fits(graph: Graph, call: Call, kind: Kind) -> bool:
    shapes = {graph.shape(tensor) for tensor in call.inputs}
    last = len(graph.shape(call.output)) - 1
    match kind:
        case Kind.NORM:
            return call.operation.axis in (-1, last)
        case Kind.ADD:
            return len(call.inputs) > 1 and shapes == {graph.shape(call.output)}
        case Kind.CONCATENATE:
            return call.operation.axis in (-1, last)
        case Kind.FLATTEN:
            return None not in graph.shape(call.inputs[0])[1:]
    return len(call.inputs) == 1


def keeps_zero(operation: keras.Operation) -> bool:
    """Whether an elementwise operation, or the activation of a layer with a kernel, gives 0 for 0."""
    function = getattr(operation, "activation", operation)
    return float(function(keras.ops.zeros((1, 1)))[0, 0]) == 0
