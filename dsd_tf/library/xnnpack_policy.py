"""The policy for models that XNNPACK is to run with sparse kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import keras
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.library.policies import PruningPolicy
from dsd_tf.training.kernels import is_graph

_SUPPORTED = {
    "Add",
    "Subtract",
    "Multiply",
    "Identity",
    "ZeroPadding2D",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Dropout",
}
_ACTIVATIONS = {"relu", "relu6", "leaky_relu", "elu", "sigmoid"}


class PruneForLatencyOnXNNPack(PruningPolicy):
    """Prunes 1x1 convolutions of models whose inner part XNNPACK can run sparse: TFMOT's policy of that name.

    That part begins after a 3x3 convolution of stride 2 on 3 channels (padded by a ZeroPadding2D of 1), ends
    with GlobalAveragePooling2D, and holds nothing but operations XNNPACK supports (Elsen et al. 2020, "Fast
    Sparse ConvNets"; XNNPACK's section on sparse inference). On x86 with AVX XNNPACK does not use its sparse
    kernels.
    """

    def allow_pruning(self, layer: keras.layers.Layer) -> bool:
        """Whether `layer` is a 1x1 convolution."""
        return isinstance(layer, layers.Conv2D) and layer.kernel_size == (1, 1)

    def ensure_model_supports_pruning(self, model: keras.Model) -> None:
        """Raises ValueError for a model without such a part, or with an unsupported operation in it."""
        if not is_graph(model) or not model.built:
            raise UsageError(f"model {model.name!r} must be Sequential or functional, and built")
        graph = _Graph(model)
        starts = graph.reach(graph.inputs, graph.consumers, graph.is_start)
        if not starts:
            raise UsageError(
                f"model {model.name!r}: not every input leads to a 3x3 Conv2D of stride 2 and padding "
                "'valid' on 3 channels after a ZeroPadding2D of 1"
            )
        if not graph.reach(graph.outputs, graph.producers, _is_end):
            raise UsageError(f"model {model.name!r}: not every output comes from a GlobalAveragePooling2D")
        inner = [operation for start in starts for operation in graph.consumers(start)]
        graph.reach(inner, graph.consumers, graph.is_end_of_supported)


class _Graph:
    """The operations of a functional model and what feeds what."""

    def __init__(self, model: keras.Model):
        graph = getattr(model, "_functional", None) or model
        nodes = [node for nodes in graph._nodes_by_depth.values() for node in nodes]
        self._edges = [(parent.operation, node.operation) for node in nodes for parent in node.parent_nodes]
        self.inputs = [tensor._keras_history.operation for tensor in graph.inputs]
        self.outputs = [tensor._keras_history.operation for tensor in graph.outputs]

    def consumers(self, operation):
        return [to for source, to in self._edges if source is operation]

    def producers(self, operation):
        return [source for source, to in self._edges if to is operation]

    def reach(self, sources: Iterable, step: Callable, stop: Callable) -> list:
        """The first operations with `stop` on all paths of `step` from `sources`; none if one lacks it."""
        found, seen, waiting = [], set(), list(sources)
        while waiting:
            operation = waiting.pop()
            if id(operation) in seen:
                continue
            seen.add(id(operation))
            if stop(operation):
                found.append(operation)
                continue
            following = step(operation)
            if not following:
                return []
            waiting.extend(following)
        return found

    def is_start(self, operation) -> bool:
        return (
            isinstance(operation, layers.Conv2D)
            and tuple(operation.kernel.shape[:3]) == (3, 3, 3)
            and operation.strides == (2, 2)
            and self._is_padded(operation, 1)
        )

    def is_end_of_supported(self, operation) -> bool:
        if _is_end(operation):
            return True
        if not self._is_supported(operation):
            kind = type(operation).__name__
            raise UsageError(f"layer {operation.name!r} of type {kind} is not supported by XNNPACK's sparse inference")
        return False

    def _is_supported(self, operation) -> bool:
        match operation:
            case layers.DepthwiseConv2D():
                return self._is_supported_depthwise(operation)
            case layers.Conv2D():
                plain = operation.groups == 1 and operation.dilation_rate == (1, 1) and operation.strides == (1, 1)
                return plain and operation.kernel_size == (1, 1)
            case layers.BatchNormalization():
                return operation.axis in (-1, 3)
            case layers.UpSampling2D():
                return operation.interpolation == "bilinear"
            case layers.Activation():
                return operation.activation.__name__ in _ACTIVATIONS
        return type(operation).__name__ in _SUPPORTED

    def _is_supported_depthwise(self, layer) -> bool:
        if layer.depth_multiplier != 1 or layer.dilation_rate != (1, 1) or layer.kernel_size not in ((3, 3), (5, 5)):
            return False
        if layer.padding == "same":
            return layer.strides == (1, 1)
        return layer.strides in ((1, 1), (2, 2)) and self._is_padded(layer, layer.kernel_size[0] // 2)

    def _is_padded(self, layer, width: int) -> bool:
        producers = self.producers(layer)
        padding = ((width, width), (width, width))
        return (
            layer.padding == "valid"
            and len(producers) == 1
            and isinstance(producers[0], layers.ZeroPadding2D)
            and producers[0].padding == padding
        )


def _is_end(operation) -> bool:
    return isinstance(operation, layers.GlobalAveragePooling2D)
