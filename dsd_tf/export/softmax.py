"""Networks that end in a softmax, as Caffe's deploy networks do: losses and ranks need the logits before it."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

_RESHAPES = (keras.layers.Flatten, keras.layers.Reshape, keras.layers.Identity)
_RESHAPING_OPS = ("Identity", "Reshape", "Squeeze")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def logits_model(model: keras.Model) -> keras.Model:
    """`model` without the softmax over classes at its end; `model` itself if there is none.

    model: functional or Sequential, with one input and one output. The activation of its last layer counts too.
    """
    (images,), (output,) = model.inputs, model.outputs
    logits = _before_softmax(output)
    return model if logits is output else keras.Model(images, logits, name=model.name)


def _before_softmax(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """The logits whose softmax `tensor` is; `tensor` itself if it is none."""
    layer, node, index = tensor._keras_history
    inputs = layer._inbound_nodes[node].input_tensors
    if isinstance(layer, keras.Model):
        inner = layer.outputs[index]
        logits = _before_softmax(inner)
        return tensor if logits is inner else keras.Model(layer.inputs, logits)(inputs)
    if isinstance(layer, _RESHAPES) and tensor.shape[-1] == inputs[0].shape[-1]:
        before = _before_softmax(inputs[0])
        return tensor if before is inputs[0] else layer(before)
    if isinstance(layer, keras.layers.Softmax) and layer.axis in (-1, len(tensor.shape) - 1):
        return inputs[0]
    if getattr(layer, "activation", None) is keras.activations.softmax:
        return _linear(layer, inputs[0])
    return tensor


def _linear(layer: keras.layers.Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    """What a layer gives for `x` without its activation."""
    copy = type(layer).from_config(layer.get_config() | {"activation": "linear"})
    y = copy(x)
    copy.set_weights(layer.get_weights())
    return y


def ends_in_softmax(function: tf.types.experimental.ConcreteFunction) -> bool:
    """Whether the one output of a SavedModel's function is a softmax, reshaped or not."""
    graph = function.graph.as_graph_def()
    functions = {called.signature.name: called for called in graph.library.function}
    nodes = {node.name: node for node in graph.node}
    name = function.outputs[0].name
    # arguments of a function are no nodes
    while (node := nodes.get(name.partition(":")[0])) is not None:
        if node.op in _CALLS:
            called = functions[node.attr["f"].func.name]
            output = int(name.rpartition(":")[2]) if ":" in name else 0
            name = called.ret[called.signature.output_arg[output].name]
            nodes = {node.name: node for node in called.node_def}
        elif node.op in _RESHAPING_OPS:
            name = node.input[0]
        else:
            return node.op == "Softmax"
    return False


def logits_of(probabilities: tf.Tensor) -> tf.Tensor:
    """Logits with these float32 probabilities, which count as FLT_MIN at least, as in Caffe's SoftmaxWithLoss."""
    return tf.math.log(tf.maximum(probabilities, np.finfo(np.float32).tiny))
