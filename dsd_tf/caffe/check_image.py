"""One image through a converted classifier, as a quick test that the conversion is right."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.data.caffe_preprocessing import SIDE, preprocess


def best_classes(model: keras.Model, image: Path, mean: np.ndarray, count: int = 5) -> list[tuple[int, float]]:
    """The `count` classes with the highest scores on the centre crop of an image, with their scores.

    mean: BGR, (3,) or (256, 256, 3). Raises CaffeError for a file that is no image and a network that does
    not take one image and give one vector.
    """
    height, width = _input_sides(model)
    if mean.shape not in ((3,), (SIDE, SIDE, 3)):
        raise CaffeError(f"the mean image has shape {mean.shape}, expected {(SIDE, SIDE, 3)}")
    try:
        pixels = preprocess(tf.constant(image.read_bytes()), height, width, mean)
    except OSError as error:
        raise CaffeError(f"cannot read image {image}: {error.strerror}") from None
    except tf.errors.InvalidArgumentError:
        raise CaffeError(f"{image} cannot be decoded as JPEG or PNG") from None
    scores = model(pixels[tf.newaxis], training=False).numpy()[0]
    order = np.argsort(-scores, kind="stable")[:count]
    return [(int(index), float(scores[index])) for index in order]


def _input_sides(model: keras.Model) -> tuple[int, int]:
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    outputs = [tuple(tensor.shape[1:]) for tensor in model.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] != 3 or max(shapes[0]) > SIDE:
        raise CaffeError(f"an image can be checked with one input of at most {SIDE}x{SIDE}x3, the network has {shapes}")
    if len(outputs) != 1 or len(outputs[0]) != 1:
        raise CaffeError(f"an image can be checked with one vector of class scores, the network gives {outputs}")
    return shapes[0][:2]
