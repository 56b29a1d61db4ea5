"""A saved network of any origin, as a function from images to logits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.export import keras_file, savedmodel
from dsd_tf.export.softmax import ends_in_softmax, logits_model, logits_of

Logits = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Network:
    """`logits` maps float32 images [B, *image_shape] in [0, 1] to float32 [B, classes], in inference mode.

    They are the logits of a network that ends in a softmax, too. Sizes that the network leaves open are None.
    """

    name: str
    logits: Logits
    image_shape: tuple[int | None, ...]
    classes: int | None

    @classmethod
    def of(cls, name: str, model: keras.Model) -> Network:
        """A Keras model; UsageError unless it has one input of images and one output of logits or probabilities."""
        # a model that was never built has neither
        inputs, outputs = getattr(model, "inputs", ()), getattr(model, "outputs", ())
        image_shape, classes = _checked(name, inputs, outputs)
        before_softmax = logits_model(model)
        return cls(name, lambda images: before_softmax(images, training=False), image_shape, classes)

    @classmethod
    def load(cls, path: Path) -> Network:
        """The network in a .keras file or a SavedModel directory.

        Raises:
            UsageError: if `path` is neither, cannot be loaded, or does not map images to logits.
        """
        if not path.is_dir():
            return cls.of(str(path), keras_file.load(path))
        loaded, key = savedmodel.load(path)
        _, inputs = loaded.signatures[key].structured_input_signature
        outputs = loaded.signatures[key].structured_outputs

        def logits(images: tf.Tensor) -> tf.Tensor:
            # by way of `loaded`: a signature alone does not keep its variables
            (result,) = loaded.signatures[key](**dict.fromkeys(inputs, images)).values()
            return logits_of(result) if probabilities else result

        image_shape, classes = _checked(str(path), inputs.values(), outputs.values())
        probabilities = ends_in_softmax(loaded.signatures[key])
        return cls(str(path), logits, image_shape, classes)

    def check(self, image_shape: tuple[int, ...], classes: int, where: str) -> None:
        """Raises UsageError unless the network takes images of this shape and tells so many classes apart."""
        wanted, found = (*image_shape, classes), (*self.image_shape, self.classes)
        if any(have not in (None, want) for want, have in zip(wanted, found, strict=True)):
            raise UsageError(
                f"{self.name} takes images of {_size(self.image_shape)} and has {self.classes} outputs; "
                f"{where} has images of {_size(image_shape)} and {classes} classes"
            )


def _checked(name: str, inputs: Iterable[Any], outputs: Iterable[Any]) -> tuple[tuple[int | None, ...], int | None]:
    """Image shape and number of classes of a network with these inputs and outputs."""
    shapes = [tuple(tensor.shape) for tensor in (*inputs, *outputs)]
    if [len(shape) for shape in shapes] != [4, 2]:
        raise UsageError(
            f"{name} does not map images (batch, height, width, channels) to logits (batch, classes): "
            f"its inputs and outputs have the shapes {', '.join(map(str, shapes))}"
        )
    return shapes[0][1:], shapes[1][1]


def _size(shape: tuple[int | None, ...]) -> str:
    return "x".join("?" if side is None else str(side) for side in shape)
