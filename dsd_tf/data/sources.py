"""Opening an image set by name: split, subset, normalisation and augmentation decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from dsd_tf.data.difficulty import Subset
from dsd_tf.data.images import Images, check_labels
from dsd_tf.data.known import known
from dsd_tf.data.label_noise.noise import LabelNoise, corrupt
from dsd_tf.data.memory import check_fits
from dsd_tf.data.pixels import channel_statistics
from dsd_tf.data.splits import split
from dsd_tf.errors import UsageError


@dataclass(frozen=True)
class ImageSet:
    """An image-classification set in memory.

    `mean` and `std` are per channel, of pixels in [0, 1]; `augmentation` is what the papers train this set
    with. `train_names` are the ids of the training examples, or their positions in the set where it has no ids;
    `train_size` counts the training examples of the whole set. The test split is for reporting: nothing in
    training or model selection may look at it.
    """

    name: str
    train: Images
    validation: Images | None
    test: Images
    num_classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: str
    train_names: np.ndarray
    train_size: int


class Source(Protocol):
    """An opened set. `examples` counts those of "train" and "test", and of "validation" if it has one."""

    num_classes: int
    image_shape: tuple[int, int, int]
    examples: dict[str, int]

    def read(self, split: str, index: np.ndarray) -> Images:
        """The examples of a split at sorted positions."""


def load(
    name: str,
    *,
    data_dir: str | None = None,
    train_examples: int = 0,
    train_fraction: float = 1.0,
    subset: Subset | None = None,
    validation_fraction: float = 0.1,
    image_size: int = 0,
    swap_splits: bool = False,
    label_noise: LabelNoise | None = None,
    seed: int = 0,
    download: bool = True,
) -> ImageSet:
    """Reads "digits", "image_folder" or the TFDS set called `name` into memory.

    `validation_fraction` of the training examples is held out by `seed`; a set that brings a validation
    split beside its test split is validated on that instead, and 0 gives no validation split. Of the rest those
    are kept that `subset` picks, or `train_examples` by `seed`, or else `train_fraction` of them. Images are cut
    to `image_size` squares, 0 for the set's own size. With `swap_splits` the set's test split is trained on and its
    training split tested on. `label_noise` corrupts the labels of those training
    examples; validation and test labels stay clean, so that models are chosen and judged by true labels.

    Raises UsageError for anything that cannot be read so, or would not fit in memory.
    """
    if image_size < 0:
        raise UsageError(f"image size {image_size} is negative; 0 takes the set's own")
    source = _open(name, data_dir, image_size, download)
    source = _Swapped(source) if swap_splits else source
    train, names, validation = _train_and_validation(
        source, name, validation_fraction, train_examples, train_fraction, seed
    )
    set_size = source.examples["train"]
    if subset:
        picked = subset.pick(names, train.labels, name, set_size)
        train, names = train.take(picked), names[picked]
    test = source.read("test", np.arange(source.examples["test"]))
    for role, images in (("train", train), ("validation", validation), ("test", test)):
        if images is not None:
            check_labels(images.labels, source.num_classes, f"data set {name!r}, {role} split")
    if label_noise:
        train = corrupt(train, label_noise, dataset=name, num_classes=source.num_classes, set_size=set_size)
    published = known(name)
    mean, std = (published.mean, published.std) if published else channel_statistics(train.images)
    augmentation = published.augmentation if published else "none"
    return ImageSet(name, train, validation, test, source.num_classes, mean, std, augmentation, names, set_size)


class _Swapped:
    """A source with the roles of its training and test examples exchanged."""

    _ROLES = {"train": "test", "test": "train", "validation": "validation"}

    def __init__(self, source: Source):
        self._source = source
        self.num_classes, self.image_shape = source.num_classes, source.image_shape
        self.examples = {self._ROLES[role]: count for role, count in source.examples.items()}

    def read(self, split: str, index: np.ndarray) -> Images:
        return self._source.read(self._ROLES[split], index)


def _open(name: str, data_dir: str | None, image_size: int, download: bool) -> Source:
    """Imports what the set needs only when it is asked for: TFDS and scikit-learn take a second each."""
    if name == "digits":
        from dsd_tf.data.digits import Digits

        return Digits(image_size)
    if name == "image_folder":
        from dsd_tf.data.image_folder import ImageFolder

        if data_dir is None:
            raise UsageError("image_folder needs --data_dir, the folder that holds train/ and test/")
        return ImageFolder(Path(data_dir), image_size)
    from dsd_tf.data.tfds_source import TfdsSource

    return TfdsSource(name, data_dir, image_size, download)


def _train_and_validation(
    source: Source, name: str, validation_fraction: float, train_examples: int, train_fraction: float, seed: int
) -> tuple[Images, np.ndarray, Images | None]:
    own_validation = validation_fraction > 0 and "validation" in source.examples
    parts = split(
        source.examples["train"],
        validation_fraction=0 if own_validation else validation_fraction,
        train_examples=train_examples,
        train_fraction=train_fraction,
        seed=seed,
    )
    kept = np.union1d(parts.train, parts.validation)
    others = source.examples["test"] + (source.examples["validation"] if own_validation else 0)
    check_fits(name, len(kept) + others, source.image_shape)
    pool = source.read("train", kept)
    train = pool.take(np.searchsorted(kept, parts.train))
    names = parts.train.astype(str) if train.ids is None else train.ids
    if own_validation:
        return train, names, source.read("validation", np.arange(source.examples["validation"]))
    held_out = pool.take(np.searchsorted(kept, parts.validation))
    return train, names, held_out if len(held_out) else None
