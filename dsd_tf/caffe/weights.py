"""From the blobs of a file to the arrays that the layers of a plan need, matched by layer name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dsd_tf.caffe.blob import Blob
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.inputs import Shape
from dsd_tf.caffe.network import Layer
from dsd_tf.caffe.plan import Step

Arrays = Mapping[str, Sequence[np.ndarray]]
"""float32 arrays in Caffe's axis order, by Caffe layer name."""


def weighted_layers(steps: Sequence[Step]) -> Iterator[tuple[Layer, list[Shape]]]:
    """Every layer that has weights, with their shapes, in net order."""
    for step in steps:
        for layer, shapes in zip(step.layers, step.blobs, strict=True):
            if shapes:
                yield layer, shapes


class Matched(NamedTuple):
    """The arrays of every layer that has weights, and names in the file that no layer has."""

    arrays: Arrays
    unused: list[str]


def match(steps: Sequence[Step], stored: Mapping[str, Sequence[Blob]]) -> Matched:
    """Give every layer with weights the blobs of its name.

    Raises CaffeError if the file has none for some layers (all are named), or not as many as a layer needs,
    or of another shape.
    """
    missing = [layer.name for layer, _ in weighted_layers(steps) if layer.name not in stored]
    if missing:
        raise CaffeError(f"the file has no weights for {_listed(missing)}; it has weights for {_listed(list(stored))}")
    arrays = {layer.name: _fitted(layer, shapes, stored[layer.name]) for layer, shapes in weighted_layers(steps)}
    return Matched(arrays, [name for name in stored if name not in arrays])


def _fitted(layer: Layer, shapes: Sequence[Shape], blobs: Sequence[Blob]) -> list[np.ndarray]:
    if len(blobs) != len(shapes):
        raise layer.error(f"expected {len(shapes)} weight blobs, found {len(blobs)}")
    return [
        blob.fitted(shape, f"layer {layer.name!r} ({layer.kind}), blob {index}")
        for index, (blob, shape) in enumerate(zip(blobs, shapes, strict=True))
    ]


def _listed(names: Sequence[str], most: int = 8) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + rest
