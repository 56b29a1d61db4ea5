"""Keras' own file format, without the optimizer."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import keras

from dsd_tf.errors import UsageError
from dsd_tf.export.endings import ENDINGS
from dsd_tf.export.targets import check_file
from dsd_tf.files import TEMPORARY, replacing

_HDF5_EACH = 2**13  # bytes that HDF5 adds for one array, at most


def export(model: keras.Model, path: Path) -> None:
    """Write a functional or Sequential `model` as an uncompiled .keras file, whole or not at all.

    Raises:
        UsageError: if `path` does not end in .keras, is a directory, or cannot be written.
    """
    check_file(path, ENDINGS["keras"])
    # Keras ignores include_optimizer=False for .keras, and writes the slots of a compiled model
    ends = [tensors[0] if len(tensors) == 1 else tensors for tensors in (model.inputs, model.outputs)]
    uncompiled = keras.Model(*ends, name=model.name)
    with replacing(path) as temporary, tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=path.parent) as folder:
        _check_room(uncompiled, Path(folder) / "room")
        # straight into a .keras file Keras holds all weights in memory once more
        uncompiled.save(folder, zipped=False)
        _zip(Path(folder), temporary)


def _check_room(model: keras.Model, path: Path) -> None:
    """Raises OSError if the disk has no room for the weights: HDF5 would find out by crashing the process."""
    sizes = [weight.value.dtype.size * weight.value.shape.num_elements() for weight in model.weights]
    with open(path, "wb") as file:
        for size in sizes:
            file.write(bytes(size + _HDF5_EACH))
    path.unlink()


def _zip(folder: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))


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
