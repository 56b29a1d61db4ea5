"""Whether a decoded image set fits in memory."""

from __future__ import annotations

import math

import psutil

from dsd_tf.errors import UsageError

_COPIES = 3  # the NumPy array, TensorFlow's tensor of it, and for a moment the copy between them


def check_fits(name: str, examples: int, shape: tuple[int, ...]) -> None:
    """Raises UsageError where `examples` uint8 images of `shape` need more memory than is available."""
    needed = examples * math.prod(shape) * _COPIES
    available = psutil.virtual_memory().available
    if needed > available:
        size = "x".join(map(str, shape))
        raise UsageError(
            f"data set {name!r} needs {needed / 1e9:.1f} GB of memory ({examples} images of {size} bytes, "
            f"up to {_COPIES} times) and {available / 1e9:.1f} GB is available; "
            "take fewer with --train_examples or smaller ones with --image_size"
        )
