"""`bin/convert_caffe`: a Caffe network and its weights -> a Keras model on disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from absl import flags

from dsd_tf import registry
from dsd_tf.cli import console
from dsd_tf.errors import UsageError, unknown
from dsd_tf.reporting.tables import make_table, print_table

if TYPE_CHECKING:
    from dsd_tf.caffe.convert import Conversion

ABOUT = """
Convert a Caffe network to Keras: bin/convert_caffe --prototxt=FILE --weights=FILE --output=PATH.keras

Prints what each Caffe layer became and what was left out; the last line is JSON. The model maps float32
images (batch, height, width, channels), in the channel order of the weights (BGR) and minus the mean, to the
outputs of the Caffe network, and needs nothing of this project to load.
"""


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("prototxt", "", "the network: a deploy or train_val file, of any age of Caffe")
    flags.DEFINE_string("weights", "", "a .caffemodel file, or a published Deep-Compression file (.net)")
    flags.DEFINE_string("output", "", "where to write the model")
    flags.DEFINE_string("format", "keras", f"what to write ({' '.join(registry.EXPORT_FORMATS)})")
    flags.DEFINE_string("mean", "", "mean image (.binaryproto) to subtract from --check_image")
    flags.DEFINE_string("check_image", "", "a JPEG or PNG file to classify with the converted model")
    return ["prototxt", "weights", "output", "format", "mean", "check_image"]


def convert_caffe() -> dict[str, Any]:
    """Convert what the flags name; returns the line to print last."""
    options = flags.FLAGS
    _check_flags()
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.caffe.convert import caffemodel_weights, convert
        from dsd_tf.compression.legacy_weights import legacy_weights

        export = registry.resolve("--format", registry.EXPORT_FORMATS, options.format)
        tf.config.list_physical_devices()
    started = time.perf_counter()
    weights = Path(options.weights)
    read = legacy_weights if weights.suffix == ".net" else caffemodel_weights
    conversion = convert(Path(options.prototxt), weights, read)
    model = conversion.model
    checked = _check_image(conversion)
    export(model, Path(options.output))
    seconds = time.perf_counter() - started
    _show(conversion)
    return checked | {
        "output": options.output,
        "parameters": model.count_params(),
        "inputs": [tensor.shape[1:] for tensor in model.inputs],
        "outputs": [tensor.shape[1:] for tensor in model.outputs],
        "ignored": [item.name for item in conversion.ignored],
        "seconds": round(seconds, 3),
    }


def _check_flags() -> None:
    """Check the flags before TensorFlow's start, which takes seconds."""
    options = flags.FLAGS
    for name in ("prototxt", "weights", "output"):
        if not options[name].value:
            raise UsageError(f"--{name} is missing; see --help")
    if options.format not in registry.EXPORT_FORMATS:
        raise unknown("--format", options.format, registry.EXPORT_FORMATS)


def _check_image(conversion: Conversion) -> dict[str, Any]:
    """What --mean holds, and what the model says to --check_image."""
    import numpy as np

    from dsd_tf.caffe.caffemodel import read_mean
    from dsd_tf.caffe.check_image import best_classes
    from dsd_tf.data.caffe_preprocessing import MEANS_BGR

    options, found = flags.FLAGS, {}
    mean = np.array(conversion.means or MEANS_BGR, np.float32)
    if options.mean:
        mean = read_mean(Path(options.mean))
        found["mean_bgr"] = mean.mean(axis=(0, 1), dtype=np.float64).round(3).tolist()
    if options.check_image:
        found["top5"] = best_classes(conversion.model, Path(options.check_image), mean)
    return found


def _show(conversion: Conversion) -> None:
    table = make_table("Caffe layer", "type", "Keras layer", "output", "parameters")
    for column in table.columns[:3]:
        column.justify = "left"
    for row in conversion.rows:
        shapes = ", ".join("x".join(map(str, shape)) for shape in row.shapes)
        table.add_row(row.caffe, row.kind, row.keras, shapes, f"{row.parameters:,}" if row.parameters else "")
    print_table(table)
    print()
    for item in conversion.ignored:
        print(f"ignored {item.name} ({item.kind}): {item.reason}")
    print(f"total {conversion.model.count_params():,} parameters")


def main() -> NoReturn:
    """Entry point of `bin/convert_caffe`."""
    console.start(convert_caffe, define_flags(), ABOUT)
