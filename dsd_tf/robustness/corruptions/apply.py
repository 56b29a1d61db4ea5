"""Corrupting whole splits once and for all: what comes out depends on pixels, corruption and seed alone."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dsd_tf import randomness
from dsd_tf.data.images import Images
from dsd_tf.data.sources import ImageSet
from dsd_tf.files import read_arrays, write_arrays
from dsd_tf.registry import CORRUPTIONS, resolve
from dsd_tf.robustness.corruptions.corruption import Corruption

_VERSION = 1  # to be raised when the same corruption gives other pixels


Reached = Callable[[int], None]
"""Told how many images are done."""


def corrupted(images: np.ndarray, corruption: Corruption, seed: int, reached: Reached) -> np.ndarray:
    """uint8 [N, H, W, C] -> the same corrupted: clipped, and rounded down as in CIFAR-10-C.

    Each image has a random stream of its own, found by its pixels: it is corrupted alike in any split or subset.
    """
    corrupt = resolve("corruption", CORRUPTIONS, corruption.kind)
    result = np.empty_like(images)
    for index, image in enumerate(images):
        random = randomness.generator(seed, "corruption", zlib.crc32(image.tobytes()))
        changed = corrupt(image / 255, corruption.severity, random)
        # what was a whole number of 255ths must not fall below it by a rounding error
        result[index] = np.clip(changed, 0, 1) * 255 + 1e-6
        reached(index + 1)
    return result


def corrupt_set(images: ImageSet, corruption: Corruption, seed: int, cache: Path, reached: Reached) -> ImageSet:
    """All splits corrupted alike; normalisation stays that of the clean images.

    Splits that were corrupted before are read from files in `cache`, new ones are kept there. `reached` counts through
    all splits.

    Raises:
        UsageError: if a file cannot be read or written.
    """
    changed, before = {}, 0

    def reached_in_split(done: int) -> None:
        reached(before + done)

    for name in ("train", "validation", "test"):
        if (split := getattr(images, name)) is not None:
            changed[name] = _cached(split, corruption, seed, cache, reached_in_split)
            before += len(split)
            reached(before)
    return dataclasses.replace(images, **changed)


def default_cache() -> Path:
    """Where corrupted images are kept unless told otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dsd_tf" / "corruptions"


def _cached(split: Images, corruption: Corruption, seed: int, cache: Path, reached: Reached) -> Images:
    digest = hashlib.sha256(f"{_VERSION} {split.images.shape}".encode())
    digest.update(np.ascontiguousarray(split.images).data)
    path = cache / f"{corruption.kind}-{corruption.severity}-seed{seed}-{digest.hexdigest()[:16]}.npz"
    if not path.exists():
        write_arrays(path, {"images": corrupted(split.images, corruption, seed, reached)})
    return dataclasses.replace(split, images=read_arrays(path)["images"])
