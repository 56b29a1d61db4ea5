"""Image-classification sets of TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from dsd_tf.data.images import Images
from dsd_tf.data.known import known
from dsd_tf.data.pixels import Square, decode
from dsd_tf.data.splits import roles
from dsd_tf.data.stream import Stream
from dsd_tf.data.tfds_builder import first_line, open_builder, quiet
from dsd_tf.errors import UsageError

_BATCH = 256  # examples decoded at a time


class TfdsSource:
    """The set that TFDS calls `name`, prepared below `data_dir` (TFDS's own folder if None).

    Images are cut to `image_size` squares; 0 leaves a set of one size as it is and takes the published size
    of one that varies. Raises UsageError for a set that is not there, one that is not image classification,
    and, when read, for damaged files.
    """

    def __init__(self, name: str, data_dir: str | None, image_size: int, download: bool):
        self._name = name
        self._builder = open_builder(name, data_dir, download)
        info = self._builder.info
        self._image, self._label = (info.supervised_keys or ("image", "label"))[:2]
        image, label = (dict(info.features).get(key) for key in (self._image, self._label))
        if not (_is_bytes(image) and isinstance(label, tfds.features.ClassLabel)):
            raise UsageError(f"data set {name!r} does not pair an image of 8-bit pixels with one class label")
        self.num_classes = label.num_classes
        published = known(name)
        labelled = [split for split in info.splits if not (published and split in published.unlabelled)]
        self._splits = roles(labelled, f"data set {name!r}")
        self.examples = {role: info.splits[split].num_examples for role, split in self._splits.items()}
        self._square, self.image_shape = _shape(name, image, image_size)

    def read(self, split: str, index: np.ndarray) -> Images:
        """The examples at the sorted positions `index` of a split, in the order they have on disk."""
        images = np.empty((len(index), *self.image_shape), np.uint8)
        labels, ids, row = np.empty(len(index), np.int32), [], 0
        try:
            for batch in self._batches(split, index):
                end = row + len(batch[self._label])
                images[row:end], labels[row:end] = batch[self._image], batch[self._label]
                ids.extend(batch.get("id", ()))
                row = end
        except tf.errors.OpError as error:
            where = f"data set {self._name!r}, {split} split in {self._builder.data_path}"
            raise UsageError(f"{where}: cannot be read ({first_line(error)}); prepare it again") from error
        return Images(images, labels, np.array([name.decode() for name in ids]) if ids else None)

    def stream(self, split: str) -> Stream:
        """A whole split, to be decoded as it is read; UsageError if the set has no such split."""
        if split not in self._splits:
            raise UsageError(f"data set {self._name!r} has the splits {', '.join(self._splits)}, not {split}")
        where = f"data set {self._name!r}, {split} split"
        return Stream(
            name=where,
            items=self._encoded(split).map(lambda example: (example[self._image], example[self._label])),
            read=tf.identity,
            examples=self.examples[split],
            num_classes=self.num_classes,
            example=lambda position: f"example {position} of {where}",
        )

    def _batches(self, split: str, index: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        examples = self._encoded(split)
        if len(index) < self.examples[split]:
            wanted = np.isin(np.arange(self.examples[split]), index)
            examples = examples.enumerate().filter(lambda i, _: tf.gather(wanted, i)).map(lambda _, e: e)
        decoded = examples.batch(_BATCH).map(self._decode, num_parallel_calls=tf.data.AUTOTUNE)
        return decoded.prefetch(tf.data.AUTOTUNE).as_numpy_iterator()

    def _encoded(self, split: str) -> tf.data.Dataset:
        """Image still as PNG or JPEG bytes, label, and the id where there is one; nothing else is parsed."""
        has_id = isinstance(dict(self._builder.info.features).get("id"), tfds.features.Text)
        keys = [self._image, self._label, *(["id"] if has_id else [])]
        decoders = tfds.decode.PartialDecoding(
            dict.fromkeys(keys, True), decoders={self._image: tfds.decode.SkipDecoding()}
        )
        with quiet():
            return self._builder.as_dataset(split=self._splits[split], shuffle_files=False, decoders=decoders)

    def _decode(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        pixels = tf.map_fn(
            lambda encoded: decode(encoded, self.image_shape, self._square),
            batch[self._image],
            fn_output_signature=tf.TensorSpec(self.image_shape, tf.uint8),
        )
        return {**batch, self._image: pixels}


def _is_bytes(feature: tfds.features.FeatureConnector | None) -> bool:
    return isinstance(feature, tfds.features.Image) and feature.np_dtype == np.uint8


def _shape(name: str, image: tfds.features.Image, image_size: int) -> tuple[Square | None, tuple[int, int, int]]:
    height, width, channels = image.shape
    published = known(name)
    if not image_size and None in (height, width):
        if published is None:
            raise UsageError(f"data set {name!r} has images of varying size: give --image_size")
        image_size = published.image_size
    if not image_size:
        return None, (height, width, channels)
    shorter = published.shorter_side_for(image_size) if published else image_size
    return Square(shorter, image_size), (image_size, image_size, channels or 3)
