"""A folder of class folders, as ImageNet's validation images come: `<class>/<image>`."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from dsd_tf.data.image_folder import list_files, list_folders
from dsd_tf.data.stream import Stream
from dsd_tf.errors import UsageError


def open_class_folders(folder: Path, synsets: Path | None, num_classes: int | None) -> Stream:
    """The PNG and JPEG files of `folder`, class by class.

    The class of a subfolder is its line in the file `synsets`, or without one its place among the sorted
    names. `num_classes` is how many classes there must be, None for any number.

    Raises UsageError for a missing folder, one without images, a synset list that is no list of distinct
    names or lacks a subfolder, and another number of classes.
    """
    if not folder.is_dir():
        raise UsageError(f"image folder {folder} does not exist")
    classes = read_synsets(synsets) if synsets else list_folders(folder)
    where = f"{synsets} lists" if synsets else f"image folder {folder} has folders of"
    if num_classes not in (None, len(classes)):
        hint = "" if synsets else "; --synsets=FILE tells which class a folder is"
        raise UsageError(f"{where} {len(classes)} classes, the network tells {num_classes} apart{hint}")
    files = list_files(folder, classes, absent=f"is not in {synsets}")
    names = tf.data.Dataset.from_tensor_slices(([str(file) for file, _ in files], [label for _, label in files]))
    return Stream(
        name=f"image folder {folder}",
        items=names,
        read=tf.io.read_file,
        examples=len(files),
        num_classes=len(classes),
        example=lambda position: str(files[position][0]),
    )


def read_synsets(path: Path) -> list[str]:
    """The classes in the order of their numbers: the first word of each line, which may go on with a
    description.

    Raises UsageError for a file that cannot be read, an empty line, or a class named twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise UsageError(f"--synsets={path} cannot be read: {reason}") from error
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        name = line.partition(" ")[0].strip()
        if not name:
            raise UsageError(f"--synsets={path}: line {number} names no class")
        if name in seen:
            raise UsageError(f"--synsets={path}: line {number} repeats {name!r} of line {seen[name]}")
        seen[name] = number
    if not seen:
        raise UsageError(f"--synsets={path} is empty: give one class per line")
    return list(seen)
