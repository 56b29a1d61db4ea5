"""A plan and its weights as a plain functional Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import KerasTensor

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.names import Names, keras_name
from dsd_tf.caffe.network import Network, Value
from dsd_tf.caffe.plan import Step
from dsd_tf.caffe.weights import Arrays


@dataclass(frozen=True)
class Row:
    """What became of one step. `shapes` are of its tops, in Keras' axis order without the batch axis."""

    caffe: str
    kind: str
    keras: str
    shapes: tuple[Shape, ...]
    parameters: int


def build_model(network: Network, steps: Sequence[Step], arrays: Arrays) -> tuple[keras.Model, list[Row]]:
    """The model, and a row for every step.

    Its inputs are float32 (batch, height, width, channels), channels in the order the weights were trained
    for (BGR). An output of one pixel is flattened to (batch, classes).
    """
    taken: set[str] = set()
    tensors = {value: _input(value, shape, taken) for value, shape in network.inputs.items()}
    inputs = list(tensors.values())
    names = [Names(step.layers[0].name, taken) for step in steps]
    for step, step_names in zip(steps, names, strict=True):
        blobs = [array for layer in step.layers for array in arrays.get(layer.name, ())]
        tops = step.rule.build([tensors[bottom] for bottom in step.bottoms], blobs, step_names)
        tensors.update(zip(step.tops, tops, strict=True))
    outputs = [_vector(tensors[value], Names(value.name, taken)) for value in network.outputs]
    model = keras.Model(_one_or_all(inputs), _one_or_all(outputs), name=keras_name(network.name or "caffe"))
    return model, [_row(model, step, given, tensors) for step, given in zip(steps, names, strict=True)]


def _input(value: Value, shape: Shape, taken: set[str]) -> KerasTensor:
    if len(shape) == 3:
        channels, *lengths = shape
        shape = (*lengths, channels)
    return keras.Input(shape, dtype="float32", name=Names(value.name, taken)())


def _vector(x: KerasTensor, names: Names) -> KerasTensor:
    return keras.layers.Flatten(name=names("vector"))(x) if x.shape[1:-1] == (1, 1) else x


def _one_or_all(tensors: list[KerasTensor]) -> KerasTensor | list[KerasTensor]:
    return tensors[0] if len(tensors) == 1 else tensors


def _row(model: keras.Model, step: Step, names: Names, tensors: dict[Value, KerasTensor]) -> Row:
    layers = [model.get_layer(name) for name in names.given]
    return Row(
        caffe=" + ".join(layer.name for layer in step.layers),
        kind=" + ".join(layer.kind for layer in step.layers),
        keras=", ".join(f"{type(layer).__name__} {layer.name}" for layer in layers),
        shapes=tuple(tuple(tensors[top].shape[1:]) for top in step.tops),
        parameters=sum(layer.count_params() for layer in layers),
    )
