"""Weights of a converted network into the same network as code, whichever names its layers have."""

from __future__ import annotations

import re

import keras

from dsd_tf.caffe.errors import CaffeError

# songhan's names of SqueezeNet's layers -> forresti's, which this project uses; AlexNet's classifier.
_FIRES = ((r"^fire(\d)_conv1x1_1$", r"fire\1_squeeze1x1"), (r"^fire(\d)_conv(\dx\d)_2$", r"fire\1_expand\2"))
_HEADS = {"conv_final": "conv10", "fc8": "logits"}


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give every layer of `target` that has weights those of the layer of `source` with the same name.

    songhan's and forresti's layer names count as the same. Raises CaffeError, before anything is changed, for
    a layer with weights that the other model lacks, or whose weights have other shapes.
    """
    given, wanted = weighted(source), weighted(target)
    if given.keys() != wanted.keys():
        odd = sorted(given.keys() ^ wanted.keys())
        raise CaffeError(f"{source.name} and {target.name} differ in their layers with weights: {', '.join(odd)}")
    for name, layer in wanted.items():
        shapes = [[tuple(weight.shape) for weight in one.weights] for one in (given[name], layer)]
        if shapes[0] != shapes[1]:
            raise CaffeError(f"layer {name!r} has weights {shapes[0]} in {source.name}, {shapes[1]} in {target.name}")
    for name, layer in wanted.items():
        layer.set_weights(given[name].get_weights())


def weighted(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers of a model that have weights, by the names that this project gives them."""
    return {_own_name(layer.name): layer for layer in model.layers if layer.weights}


def _own_name(name: str) -> str:
    for pattern, replacement in _FIRES:
        name = re.sub(pattern, replacement, name)
    return _HEADS.get(name, name)
