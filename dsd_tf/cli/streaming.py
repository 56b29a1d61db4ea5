"""Evaluating on images that are decoded as they are used: folders of classes, ImageNet."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from dsd_tf.data.known import known
from dsd_tf.errors import UsageError, unknown
from dsd_tf.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from dsd_tf.data.stream import Prepare, Reader, Stream
    from dsd_tf.export.network import Network

BATCH = 50  # what Caffe's ImageNet networks are tested with

_PREPROCESSINGS = ("pixels", "caffe")
_CAFFE_MEANS = "104,117,123"


def define_flags() -> list[str]:
    """The flags of streamed evaluation; returns their names."""
    flags.DEFINE_string("synsets", "", "image_folder: file whose line n names the folder of class n, from 0")
    flags.DEFINE_string(
        "preprocessing",
        "pixels",
        "pixels = RGB in [0, 1], a centre square; caffe = resized to 256x256, centre crop, BGR minus --mean",
    )
    flags.DEFINE_string("mean", _CAFFE_MEANS, "caffe: means of B, G, R in [0, 255], or a mean image (.binaryproto)")
    flags.DEFINE_bool("allow_skipped", False, "succeed although images cannot be decoded and were left out")
    return ["synsets", "preprocessing", "mean", "allow_skipped"]


def wanted(settings: Settings) -> bool:
    """Whether the network that --model names is evaluated on a stream, by the flags; checks them.

    A set of small images of one size is read into memory instead, as training does.

    Raises:
        UsageError: for flags that do not go together.
    """
    options = flags.FLAGS
    if options.preprocessing not in _PREPROCESSINGS:
        raise unknown("--preprocessing", options.preprocessing, _PREPROCESSINGS)
    in_folder = settings.dataset == "image_folder"
    if in_folder and not settings.data_dir:
        raise UsageError("image_folder needs --data_dir")
    if options.synsets and not in_folder:
        raise UsageError("--synsets goes with --dataset=image_folder")
    caffe = options.preprocessing == "caffe"
    if options["mean"].present and not caffe:
        raise UsageError("--mean goes with --preprocessing=caffe")
    if in_folder and not (Path(settings.data_dir) / "train").is_dir():
        if options["split"].present:
            raise UsageError(f"--split goes with a folder that holds train/; {settings.data_dir} has none")
        return True
    if options.synsets or (caffe and (in_folder or settings.dataset == "digits")):
        raise UsageError(
            "--synsets and --preprocessing=caffe take a TFDS set, or --dataset=image_folder "
            "with the folder that holds the folders of the classes as --data_dir"
        )
    published = known(settings.dataset)
    return caffe or bool(published and published.image_size)


def open_reader(network: Network, settings: Settings, split: str, batch_size: int) -> Reader:
    """The images that the flags name, as `network` takes them.

    Raises:
        UsageError: for data that are not there or do not fit the network.
    """
    from dsd_tf.data.stream import Reader

    shape = _shape(network, settings)
    stream = _open(network, settings, split, shape[0])
    network.check(shape, settings.num_classes or stream.num_classes, stream.name)
    return Reader(stream, _prepare(shape, settings), batch_size)


def check_skipped(reader: Reader) -> int:
    """How many images were left out; UsageError if there are any, unless --allow_skipped."""
    skipped, options = reader.skipped, flags.FLAGS
    if skipped and not options.allow_skipped:
        first = ", ".join(skipped[:3]) + (" ..." if len(skipped) > 3 else "")
        raise UsageError(
            f"{len(skipped)} of {reader.examples} images cannot be decoded: {first}; "
            "--allow_skipped gives the figures of the others"
        )
    for name in skipped:
        print(f"skipped {name}: it cannot be decoded")
    return len(skipped)


def _shape(network: Network, settings: Settings) -> tuple[int, int, int]:
    height, width, channels = network.image_shape
    size = settings.image_size
    if None in (height or size or None, width or size or None):
        raise UsageError(f"{network.name} takes images of any size: give --image_size")
    return size or height, size or width, channels or 3


def _open(network: Network, settings: Settings, split: str, side: int) -> Stream:
    if settings.dataset == "image_folder":
        from dsd_tf.data.class_folders import open_class_folders

        synsets = flags.FLAGS.synsets
        classes = settings.num_classes or network.classes
        return open_class_folders(Path(settings.data_dir), Path(synsets) if synsets else None, classes)
    from dsd_tf.data.tfds_source import TfdsSource

    source = TfdsSource(settings.dataset, settings.data_dir or None, side, download=False)
    return source.stream(split)


def _prepare(shape: tuple[int, int, int], settings: Settings) -> Prepare:
    from dsd_tf.data import preparation

    if flags.FLAGS.preprocessing == "caffe":
        return preparation.caffe(shape, _mean(flags.FLAGS.mean))
    published = known(settings.dataset)
    return preparation.pixels(shape, published.shorter_side_for(shape[0]) if published else shape[0])


def _mean(text: str) -> np.ndarray:
    import numpy as np

    from dsd_tf.caffe.caffemodel import read_mean

    with contextlib.suppress(ValueError):
        return np.array([float(value) for value in text.split(",")], np.float32)
    return read_mean(Path(text))
