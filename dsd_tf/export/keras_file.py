"""Keras' own file format, without the optimizer."""

from __future__ import annotations

from pathlib import Path

import keras

from dsd_tf.errors import UsageError
from dsd_tf.export.endings import ENDINGS
from dsd_tf.export.targets import check_file
from dsd_tf.files import replacing


def export(model: keras.Model, path: Path) -> None:
    """Write a functional or Sequential `model` as an uncompiled .keras file, whole or not at all.

    Raises:
        UsageError: if `path` does not end in .keras, is a directory, or cannot be written.
    """
    check_file(path, ENDINGS["keras"])
    # Keras ignores include_optimizer=False for .keras, and writes the slots of a compiled model
    ends = [tensors[0] if len(tensors) == 1 else tensors for tensors in (model.inputs, model.outputs)]
    uncompiled = keras.Model(*ends, name=model.name)
    with replacing(path) as temporary:
        uncompiled.save(temporary)


def load(path: Path) -> keras.Model:
    """The model in a .keras file, uncompiled, in safe mode: nothing in the file is run.

    Raises:
        UsageError: if there is no such file, or Keras cannot load it so.
    """
    if path.suffix != ENDINGS["keras"] or not path.is_file():
        raise UsageError(f"{path} is neither a .keras file nor a SavedModel directory")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # zipfile, h5py, json and Keras each have their own error for a damaged file
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"{path} cannot be loaded as a .keras file: {reason}") from error
