"""TensorFlow's SavedModel: for TensorFlow Serving, and for Python without Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.export.inference import InferenceModule
from dsd_tf.export.saved_graph import strip_graph
from dsd_tf.export.targets import replacing_folder

_GRAPH = "saved_model.pb"
_SIGNATURES = ("serve", "serving_default")


def export(model: keras.Model, path: Path) -> None:
    """Write `model` as a SavedModel directory, whole or not at all; one that stands at `path` is replaced.

    Plain `tf.saved_model.load` gives an object with `serve`, `weights` and the signatures "serve" and
    "serving_default". Every weight is in there once, dense.

    Raises:
        UsageError: if something else stands at `path`, or it cannot be written.
    """
    if path.exists() and not _is_replaceable(path):
        raise UsageError(f"{path} exists and is not a SavedModel; name another place for the export")
    # Keras' own `model.export` writes every variable twice
    module = InferenceModule(model)
    signatures = dict.fromkeys(_SIGNATURES, module.serve)
    with replacing_folder(path) as temporary:
        tf.saved_model.save(module, str(temporary), signatures=signatures)
        strip_graph(temporary / _GRAPH)
        # it is a checksum of the graph before
        (temporary / "fingerprint.pb").unlink()


def _is_replaceable(path: Path) -> bool:
    return path.is_dir() and ((path / _GRAPH).is_file() or not any(path.iterdir()))


def load(path: Path) -> tuple[Any, str]:
    """What `tf.saved_model.load` gives for a SavedModel of any origin, and the key of its serving signature.

    Raises:
        UsageError: if it cannot be loaded, or has no signature for serving.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # protobuf, the file system and TensorFlow each have their own
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"{path} cannot be loaded as a SavedModel: {reason}") from error
    key = next((key for key in _SIGNATURES if key in getattr(loaded, "signatures", ())), None)
    if key is None:
        raise UsageError(f"the SavedModel {path} has none of the signatures {', '.join(_SIGNATURES)}")
    return loaded, key
