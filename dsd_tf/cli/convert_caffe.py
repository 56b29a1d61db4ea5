"""`bin/convert_caffe`: a Caffe network and its weights -> a Keras model on disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NoReturn

from absl import flags

from dsd_tf import registry
from dsd_tf.cli import console
from dsd_tf.errors import UsageError

ABOUT = """
Convert a Caffe network to Keras: bin/convert_caffe --prototxt=deploy.prototxt --weights=net.caffemodel --output=net.keras

Prints what each Caffe layer became and what was left out. The model takes float32 images (batch, height, width, BGR)
minus the mean, as the Caffe network does, and needs nothing of this project to load.
"""


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("prototxt", "", "the network: deploy or train_val file, of any age of Caffe")
    flags.DEFINE_string("weights", "", "a .caffemodel file, or a published Deep-Compression file (.net)")
    flags.DEFINE_string("output", "", "where to write the model")
    flags.DEFINE_string("format", "keras", f"of the output ({' '.join(registry.EXPORT_FORMATS)})")
    flags.DEFINE_string("mean", "", "mean image (.binaryproto) to subtract from --check_image")
    flags.DEFINE_string("check_image", "", "JPEG or PNG to classify with the converted model")
    return ["prototxt", "weights", "output", "format", "mean", "check_image"]


def convert_caffe() -> dict[str, Any]:
    """Convert what the flags name, print the layer table, and return the line to print last."""
    for name in ("prototxt", "weights", "output"):
        if not flags.FLAGS[name].value:
            raise UsageError(f"--{name} is missing; see --help")
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.caffe.convert import caffemodel_weights, convert
        from dsd_tf.caffe.table import layer_table
        from dsd_tf.compression.legacy_weights import legacy_weights

        tf.config.list_physical_devices()
    export = registry.resolve("--format", registry.EXPORT_FORMATS, flags.FLAGS.format)
    started = time.perf_counter()
    weights, output = Path(flags.FLAGS.weights), Path(flags.FLAGS.output)
    read = legacy_weights if weights.suffix == ".net" else caffemodel_weights
    conversion = convert(Path(flags.FLAGS.prototxt), weights, read)
    model = conversion.model
    checked = _check(conversion)
    export(model, output)
    print(layer_table(conversion.rows, conversion.ignored, model.count_params()))
    return {
        "output": str(output),
        "parameters": model.count_params(),
        "inputs": [list(tensor.shape[1:]) for tensor in model.inputs],
        "outputs": [list(tensor.shape[1:]) for tensor in model.outputs],
        "ignored": [item.name for item in conversion.ignored],
        "seconds": round(time.perf_counter() - started, 3),
        **checked,
    }


def _check(conversion: Any) -> dict[str, Any]:
    """What the mean image holds and the model says to --check_image, where these flags are given."""
    import numpy as np

    from dsd_tf.caffe.caffemodel import read_mean
    from dsd_tf.caffe.check_image import best_classes
    from dsd_tf.data.caffe_preprocessing import MEANS_BGR

    mean = np.array(conversion.means or MEANS_BGR, np.float32)
    found: dict[str, Any] = {}
    if flags.FLAGS.mean:
        mean = read_mean(Path(flags.FLAGS.mean))
        found["mean_bgr"] = mean.mean(axis=(0, 1), dtype=np.float64).round(3).tolist()
    if flags.FLAGS.check_image:
        found["top5"] = best_classes(conversion.model, Path(flags.FLAGS.check_image), mean)
    return found


def main() -> NoReturn:
    """Entry point of `bin/convert_caffe`."""
    console.start(convert_caffe, define_flags(), ABOUT)
