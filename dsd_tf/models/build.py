"""From a model's name to an ordinary functional Keras model with seeded weights."""

from __future__ import annotations

import keras

from dsd_tf.models.options import ModelOptions, check_options, check_task
from dsd_tf.registry import MODELS, resolve

NORMALIZE = "normalize"
"""Name of the layer that normalises pixels in [0, 1]."""


def build_model(
    name: str, input_shape: tuple[int, int, int], num_classes: int, options: ModelOptions, seed: int
) -> keras.Model:
    """A model from float32 images (batch, height, width, channels) in [0, 1] to logits (batch, num_classes).

    Weights are a function of `seed` (not negative) alone: equal seeds give equal weights, and no global
    random state is read or changed. Raises UsageError for an unknown name, options that make no sense, and
    images too small for the network.
    """
    builder = resolve("model", MODELS, name)
    check_options(options)
    check_task(input_shape, num_classes, options)
    images = keras.Input(input_shape, dtype="float32", name="images")
    return keras.Model(images, builder(_normalized(images, options), num_classes, options, seed), name=name)


def _normalized(images: keras.KerasTensor, options: ModelOptions) -> keras.KerasTensor:
    if not options.mean:
        return images
    variance = [std**2 for std in options.std]
    return keras.layers.Normalization(mean=list(options.mean), variance=variance, name=NORMALIZE)(images)
