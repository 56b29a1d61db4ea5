"""A folder of PNG and JPEG files: `train/<class>/` and `test/<class>/` or `val/<class>/`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from dsd_tf.data.images import Images
from dsd_tf.data.pixels import Square, decode
from dsd_tf.data.splits import roles
from dsd_tf.errors import UsageError

_SUFFIXES = {".png", ".jpg", ".jpeg"}
_FOLDERS = {"train": "train", "validation": "val", "test": "test"}


class ImageFolder:
    """The files below `folder`; classes are numbered by the sorted names of the folders below `train/`.

    With `image_size`, every image is scaled so that its shorter side is that long and cut to the centre
    square; without it all files must have the size of the first. The first file decides between grey and
    colour. A `val/` folder is the test split where there is no `test/`, and the validation split beside
    one.

    Raises UsageError for a missing folder, a split without images, a class that `train/` lacks, and, when
    read, a file that cannot be decoded or has another size.
    """

    def __init__(self, folder: Path, image_size: int = 0):
        places = {split: folder / name for split, name in _FOLDERS.items() if (folder / name).is_dir()}
        splits = roles(places, f"image folder {folder} (train/, test/, val/)")
        classes = list_folders(places["train"])
        self.num_classes = len(classes)
        self._files = {
            role: list_files(places[split], classes, absent="has no folder below train/")
            for role, split in splits.items()
        }
        self.examples = {role: len(files) for role, files in self._files.items()}
        self._square = Square(image_size, image_size) if image_size else None
        self.image_shape = self._shape_of(self._files["train"][0][0], image_size)

    def _shape_of(self, file: Path, image_size: int) -> tuple[int, int, int]:
        try:
            height, width, channels = tf.io.decode_image(tf.io.read_file(str(file)), expand_animations=False).shape
        except tf.errors.InvalidArgumentError as error:
            raise UsageError(f"image {file} cannot be decoded as PNG or JPEG") from error
        return image_size or height, image_size or width, 1 if channels == 1 else 3

    def read(self, split: str, index: np.ndarray) -> Images:
        """The files at the sorted positions `index` of a split."""
        files = [self._files[split][i] for i in index]
        images = np.empty((len(files), *self.image_shape), np.uint8)
        names = tf.data.Dataset.from_tensor_slices([str(file) for file, _ in files])
        decoded = names.map(self._decode, num_parallel_calls=tf.data.AUTOTUNE).as_numpy_iterator()
        for row, (file, _) in enumerate(files):
            try:
                images[row] = next(decoded)
            except tf.errors.InvalidArgumentError as error:
                raise UsageError(self._complaint(file)) from error
        return Images(images, np.array([label for _, label in files], np.int32))

    def _decode(self, name: tf.Tensor) -> tf.Tensor:
        return decode(tf.io.read_file(name), self.image_shape, self._square)

    def _complaint(self, file: Path) -> str:
        height, width, _ = self._shape_of(file, 0)
        expected = "x".join(map(str, self.image_shape[:2]))
        return f"image {file} is {height}x{width}, others are {expected}; give --image_size to make them equal"


def list_folders(place: Path) -> list[str]:
    """The sorted names of the folders in `place`."""
    return sorted(folder.name for folder in place.iterdir() if folder.is_dir() and folder.name[0] != ".")


def list_files(place: Path, classes: list[str], absent: str) -> list[tuple[Path, int]]:
    """The PNG and JPEG files in the folders of `place`, class by class, with their class.

    Raises UsageError for a folder that is no class, in the words of `absent`, and where there is no file.
    """
    strange = sorted(set(list_folders(place)) - set(classes))
    if strange:
        raise UsageError(f"image folder {place}: class {strange[0]!r} {absent}")
    files = [
        (file, label)
        for label, name in enumerate(classes)
        for file in sorted((place / name).glob("*"))
        if file.suffix.lower() in _SUFFIXES
    ]
    if not files:
        raise UsageError(f"image folder {place}: no PNG or JPEG file in <class>/ folders below it")
    return files
