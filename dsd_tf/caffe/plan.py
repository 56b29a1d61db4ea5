"""The network with every shape known: what each layer makes, and which weights it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.layers import RULES
from dsd_tf.caffe.layers.rule import Rule
from dsd_tf.caffe.network import Layer, Network, Value
from dsd_tf.errors import unknown

_MOST_NUMBERS = 2**31 - 1  # in a blob; Caffe counts them with an int


@dataclass(frozen=True)
class Step:
    """One Caffe layer, or a BatchNorm with the Scale that it is merged with.

    rule: of the first layer; it builds the Keras layer from the blobs of all.
    blobs: shapes of each layer's weights, in Caffe's axis order.
    """

    rule: Rule
    layers: tuple[Layer, ...]
    blobs: tuple[list[Shape], ...]

    @property
    def bottoms(self) -> tuple[Value, ...]:
        return self.layers[0].bottoms

    @property
    def tops(self) -> tuple[Value, ...]:
        return self.layers[-1].tops


def plan(network: Network) -> list[Step]:
    """Steps in computing order. Raises CaffeError for an unsupported or ill-fitting layer."""
    known = dict(network.inputs)
    steps = []
    for layers in _merged(network):
        rules = [_rule(layer) for layer in layers]
        blobs = []
        for layer, rule in zip(layers, rules, strict=True):
            shapes = rule.shapes([known[bottom] for bottom in layer.bottoms])
            _check_sizes(layer, [*shapes.tops, *shapes.blobs])
            known.update(zip(layer.tops, shapes.tops, strict=True))
            blobs.append(shapes.blobs)
        steps.append(Step(rules[0], layers, tuple(blobs)))
    return steps


def _rule(layer: Layer) -> Rule:
    if layer.kind not in RULES:
        raise layer.error(str(unknown("layer type", layer.kind, RULES)))
    return RULES[layer.kind](layer)


def _check_sizes(layer: Layer, shapes: list[Shape]) -> None:
    for shape in shapes:
        if math.prod(shape) > _MOST_NUMBERS:
            raise layer.error(f"a blob of shape {shape} has more than the 2**31 - 1 numbers that Caffe can count")


def _merged(network: Network) -> list[tuple[Layer, ...]]:
    """The layers, each BatchNorm together with its Scale if no other layer reads what lies between them."""
    readers: dict[Value, list[Layer]] = {}
    for layer in network.layers:
        for bottom in layer.bottoms:
            readers.setdefault(bottom, []).append(layer)
    scale_of: dict[Layer, Layer] = {}
    for layer in network.layers:
        reading = [reader for top in layer.tops for reader in readers.get(top, ())]
        is_output = bool(set(layer.tops).intersection(network.outputs))
        if layer.kind == "BatchNorm" and not is_output and [reader.kind for reader in reading] == ["Scale"]:
            scale_of[layer] = reading[0]
    scales = set(scale_of.values())
    return [
        (layer, scale_of[layer]) if layer in scale_of else (layer,) for layer in network.layers if layer not in scales
    ]
