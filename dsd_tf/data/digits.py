"""scikit-learn's 8x8 handwritten digits, which come embedded in the package."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from dsd_tf.data.images import Images
from dsd_tf.data.pixels import Square

_TEST = 360  # of 1,797


class Digits:
    """1,437 training and 360 test images of 10 classes, grey, 8x8 unless `image_size` says otherwise.

    The test split is the end of the file: neighbouring digits are by one writer, whom a random split would
    put on both sides. Pixel values 0..16 are scaled to 0..255.
    """

    num_classes = 10

    def __init__(self, image_size: int = 0):
        bunch = load_digits()
        images = np.round(bunch.images[..., None] * (255 / 16)).astype(np.uint8)
        if image_size:
            images = Square(image_size, image_size)(images).numpy()
        everything = Images(images, bunch.target.astype(np.int32))
        self._splits = {
            "train": everything.take(slice(None, -_TEST)),
            "test": everything.take(slice(-_TEST, None)),
        }
        self.image_shape = images.shape[1:]
        self.examples = {name: len(images) for name, images in self._splits.items()}

    def read(self, split: str, index: np.ndarray) -> Images:
        """The examples at the sorted positions `index` of a split."""
        return self._splits[split].take(index)
