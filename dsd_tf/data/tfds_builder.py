"""Finding a prepared TFDS set on disk, or downloading it, without the waits and the chatter."""

from __future__ import annotations

import contextlib
import difflib
import sys
from collections.abc import Iterator

import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging
from google.protobuf import json_format
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from dsd_tf.data.known import KNOWN
from dsd_tf.data.network import reachable
from dsd_tf.errors import UsageError, unknown

_NO_BUILDER = (ValueError, AssertionError, ImportError, OSError, json_format.Error)
_NO_DOWNLOAD = (
    *(tfds.download.DownloadError, NonMatchingChecksumError, tf.errors.OpError),
    *(OSError, ValueError, AssertionError),
)


def open_builder(name: str, data_dir: str | None, download: bool) -> tfds.core.DatasetBuilder:
    """A builder whose set is on disk below `data_dir` (TFDS's own folder if None), downloaded if need be.

    Raises UsageError for an unknown name, and for a set that is neither on disk nor to be had: within ten
    seconds where there is no network, for which TFDS itself retries more than three minutes.
    """
    with quiet():
        builder = _find(name, data_dir)
        if not builder.is_prepared():
            _prepare(builder, name, download)
    return builder


def first_line(error: Exception) -> str:
    """The first line of an error's message, without the graph node that TensorFlow puts in front."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rpartition("}} ")[2]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps TFDS's log lines to itself and its prints off standard output, which is for results."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        logging.set_verbosity(verbosity)


def _find(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        near = difflib.get_close_matches(name, tfds.list_builders(with_community_datasets=False))
        raise unknown("data set", name, {"digits", "image_folder", *KNOWN, *near}) from error
    except _NO_BUILDER as error:
        raise UsageError(f"data set {name!r} cannot be opened: {first_line(error)}") from error


def _prepare(builder: tfds.core.DatasetBuilder, name: str, download: bool) -> None:
    missing = f"data set {name!r} is not in {builder.data_path}"
    supply = (
        f"name the folder that holds it with --data_dir, or run `tfds build {name}` on a machine "
        "with a network and copy its ~/tensorflow_datasets"
    )
    if not download:
        raise UsageError(f"{missing}; {supply}")
    url = next(iter(builder.url_infos), "https://storage.googleapis.com")
    if not reachable(url):
        raise UsageError(f"{missing} and no network reaches {url}; {supply}")
    try:
        builder.download_and_prepare()
    except _NO_DOWNLOAD as error:
        raise UsageError(f"{missing} and cannot be prepared ({first_line(error)}); {supply}") from error
