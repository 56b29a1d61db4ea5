"""A published Deep-Compression file as the weights of the Caffe network that it was made for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsd_tf.caffe.caffemodel import read_bytes
from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.plan import Step
from dsd_tf.caffe.weights import Matched, weighted_layers
from dsd_tf.compression.legacy import Slot, decode, is_stored
from dsd_tf.errors import UsageError

_STORED_TYPES = ("Convolution", "InnerProduct")


def legacy_weights(path: Path, steps: Sequence[Step]) -> Matched:
    """The arrays of a .net file for a plan.

    Raises CaffeError if the file does not fit the network, or the network has weights that such a file cannot
    hold.
    """
    slots = []
    for layer, shapes in weighted_layers(steps):
        if layer.kind not in _STORED_TYPES or not is_stored(layer.name) or len(shapes) != 2:
            raise layer.error(
                "a Deep-Compression file only holds convolutions and inner products with bias, "
                "whose name contains conv, fc or ip"
            )
        slots.append(Slot(layer.name, shapes[0]))
    try:
        layers = decode(read_bytes(path), slots)
    except UsageError as error:
        raise CaffeError(f"{path}: {error}") from None
    return Matched({layer.slot.name: [layer.weights, layer.bias] for layer in layers}, unused=[])
