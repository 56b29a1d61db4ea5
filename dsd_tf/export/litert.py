"""LiteRT (TensorFlow Lite) files, for phones and small machines."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf

from dsd_tf.export.endings import ENDINGS
from dsd_tf.export.inference import InferenceModule
from dsd_tf.export.targets import check_file
from dsd_tf.files import replacing


def export(model: keras.Model, path: Path) -> None:
    """Write `model` as a .tflite file with float32 weights, whole or not at all.

    Kernels with at least 30 % zeros are stored sparse and decoded when an interpreter first runs: the results
    are those of a dense file, and so is the speed. Weights stay float32, as int8 and sparse storage in one
    conversion give wrong numbers.

    Raises:
        UsageError: if `path` does not end in .tflite, is a directory, or cannot be written.
    """
    check_file(path, ENDINGS["litert"])
    module = InferenceModule(model)
    serve = module.serve.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve], module)
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    with replacing(path) as temporary:
        temporary.write_bytes(converter.convert())
