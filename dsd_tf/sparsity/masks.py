"""Masks: which weights of each layer take part, as one validated, read-only mapping, and its file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dsd_tf.errors import UsageError, unknown
from dsd_tf.files import read_arrays, write_arrays

_FORMAT = "dsd_tf masks 1"


class Masks(Mapping[str, np.ndarray]):
    """Layer name -> bool array of the shape of its kernel; True is kept. Holds copies, except of read-only arrays.

    Raises:
        UsageError: for a mask that is not a bool array; names the layer.
    """

    def __init__(self, masks: Mapping[str, np.ndarray]):
        self._masks: dict[str, np.ndarray] = {}
        for name, mask in masks.items():
            if not isinstance(mask, np.ndarray) or mask.dtype != bool:
                kind = getattr(mask, "dtype", type(mask).__name__)
                raise UsageError(f"mask of layer {name!r} is of type {kind}: give a NumPy array of bool")
            self._masks[name] = mask.copy() if mask.flags.writeable else mask
            self._masks[name].flags.writeable = False

    @classmethod
    def ones(cls, shapes: Mapping[str, tuple[int, ...]]) -> Masks:
        """Masks that keep everything."""
        return cls({name: np.ones(shape, bool) for name, shape in shapes.items()})

    def __getitem__(self, name: str) -> np.ndarray:
        return self._masks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def __eq__(self, other: object) -> bool:
        """Same layers and same masks, in any order."""
        if not isinstance(other, Masks):
            return NotImplemented
        return self.keys() == other.keys() and all(np.array_equal(self[name], other[name]) for name in self)

    __hash__ = None

    def __repr__(self) -> str:
        return f"Masks({len(self)} layers, {self.kept} of {self.size} weights kept)"

    @property
    def kept(self) -> int:
        """How many weights take part."""
        return sum(int(np.count_nonzero(mask)) for mask in self.values())

    @property
    def size(self) -> int:
        """How many weights there are, pruned ones included."""
        return sum(mask.size for mask in self.values())

    @property
    def density(self) -> float:
        """kept / size; 1 where there is nothing to prune."""
        return self.kept / self.size if self.size else 1.0

    def emptied(self) -> list[str]:
        """Names of the layers with no weight left: no signal passes them."""
        return [name for name, mask in self.items() if not mask.any()]

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """UsageError that names the first layer that is missing, unknown or not of the shape in `shapes`."""
        for name, shape in shapes.items():
            if name not in self:
                raise UsageError(f"masks of another model: no mask for layer {name!r}")
            if self[name].shape != tuple(shape):
                found = self[name].shape
                raise UsageError(f"masks of another model: layer {name!r} is {tuple(shape)}, its mask {found}")
        for name in self:
            if name not in shapes:
                raise UsageError(f"masks of another model: {unknown('layer', name, shapes)}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an .npz of one bit per weight, whole or not at all; UsageError if it cannot be written."""
        layers = [[name, mask.shape] for name, mask in self.items()]
        index = json.dumps({"format": _FORMAT, "layers": layers}).encode()
        bits = np.concatenate([np.zeros(0, np.uint8), *(np.packbits(mask) for mask in self.values())])
        write_arrays(Path(path), {"index": np.frombuffer(index, np.uint8), "bits": bits})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Masks:
        """The masks that `save` wrote.

        Raises:
            UsageError: if there is no such file, or it is damaged or not a mask file.
        """
        arrays = read_arrays(Path(path))
        try:
            return cls(_unpacked(json.loads(arrays["index"].tobytes()), arrays["bits"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{os.fspath(path)} is no mask file: give one that dsd_tf wrote") from error


def _unpacked(index: dict[str, Any], bits: np.ndarray) -> dict[str, np.ndarray]:
    if index["format"] != _FORMAT:
        raise ValueError(f"format {index['format']!r} is not {_FORMAT!r}")
    masks, start = {}, 0
    for name, shape in index["layers"]:
        size = math.prod(shape)
        end = start + -(-size // 8)
        masks[name] = np.unpackbits(bits[start:end], count=size).view(bool).reshape(shape)
        start = end
    if start != bits.size:
        raise ValueError("the masks are not as long as their shapes say")
    return masks
