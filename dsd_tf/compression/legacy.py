"""The file format of the published Deep-Compression models (.net; Han et al., ICLR 2016).

Little-endian, without magic number, names or shapes; the network it belongs to says what is where:

* the number of stored entries of each layer, uint32;
* then for each layer the codebook (float32, 256 values, or 16 for layers whose name does not contain "conv"),
  the bias (float32), one code per entry (8 or 4 bits) and one gap per entry (4 bits). Of two nibbles in a
  byte the low one is first; an odd one out is followed by zero bits.

An entry stands `gap` zeros behind the one before it. Code 0 is the value zero and appears only in fillers,
entries with gap 15 that bridge 16 or more zeros. Positions count through the weights in C order of Caffe's
axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsd_tf.errors import UsageError

_STORED_NAMES = ("conv", "fc", "ip")
_WIDEST_GAP = 15
_COUNT = np.dtype("<u4")
_VALUE = np.dtype("<f4")


@dataclass(frozen=True)
class Slot:
    """What the file does not say about a layer: its name and its weight shape, outputs first."""

    name: str
    shape: tuple[int, ...]

    @property
    def bits(self) -> int:
        return 8 if "conv" in self.name else 4


@dataclass(frozen=True)
class SharedWeights:
    """A layer whose weights share the values of a codebook.

    codes: uint8, in the shape of the weights; 0 where a weight is zero. codebook: float32, codebook[0] == 0.
    bias: float32 (outputs,).
    """

    slot: Slot
    codes: np.ndarray
    codebook: np.ndarray
    bias: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """float32, in the shape of `codes`."""
        return self.codebook[self.codes]


def is_stored(name: str) -> bool:
    """Whether a layer with weights is in the file, which its name alone decides."""
    return any(part in name for part in _STORED_NAMES)


def decode(data: bytes, slots: Sequence[Slot]) -> list[SharedWeights]:
    """The layers of a file, for the slots in net order.

    Raises UsageError unless the file is exactly what `encode` writes for these slots.
    """
    reader = _Reader(data)
    counts = reader.array(_COUNT, len(slots), "header").astype(np.int64)
    layers = [_decode_layer(reader, slot, int(count)) for slot, count in zip(slots, counts, strict=True)]
    if reader.left:
        raise UsageError(f"{reader.left} bytes are left behind the last layer: the file belongs to another network")
    return layers


def encode(layers: Sequence[SharedWeights]) -> bytes:
    """The bytes of a file with these layers. Raises UsageError for codes that do not fit their codebook."""
    entries = [_entries(layer) for layer in layers]
    parts = [np.array([len(codes) for codes, _ in entries], _COUNT).tobytes()]
    for layer, (codes, gaps) in zip(layers, entries, strict=True):
        parts += [layer.codebook.astype(_VALUE).tobytes(), layer.bias.astype(_VALUE).tobytes()]
        parts += [codes.tobytes() if layer.slot.bits == 8 else _pack_nibbles(codes), _pack_nibbles(gaps)]
    return b"".join(parts)


def _decode_layer(reader: _Reader, slot: Slot, count: int) -> SharedWeights:
    size = math.prod(slot.shape)
    if count > size:
        raise UsageError(f"layer {slot.name!r}: {count} stored entries, but only {size} weights")
    codebook = reader.floats(1 << slot.bits, slot.name)
    bias = reader.floats(slot.shape[0], slot.name)
    if codebook[0] != 0:
        raise UsageError(f"layer {slot.name!r}: codebook entry 0 must be 0, found {codebook[0]}")
    entries = reader.array(np.uint8, count, slot.name) if slot.bits == 8 else reader.nibbles(count, slot.name)
    gaps = reader.nibbles(count, slot.name)
    if np.any((entries == 0) & (gaps != _WIDEST_GAP)) or (count and entries[-1] == 0):
        raise UsageError(f"layer {slot.name!r}: code 0 stands where no filler is needed")
    positions = np.cumsum(gaps.astype(np.int64) + 1) - 1
    if count and positions[-1] >= size:
        raise UsageError(f"layer {slot.name!r}: an entry stands at {positions[-1]}, but there are only {size} weights")
    codes = np.zeros(size, np.uint8)
    codes[positions] = entries
    return SharedWeights(slot, codes.reshape(slot.shape), codebook, bias)


def _entries(layer: SharedWeights) -> tuple[np.ndarray, np.ndarray]:
    """Codes and gaps of the stored entries, fillers included."""
    colours = 1 << layer.slot.bits
    if len(layer.codebook) != colours or layer.codes.max(initial=0) >= colours:
        raise UsageError(f"layer {layer.slot.name!r} needs codes below {colours} and a codebook of that length")
    flat = layer.codes.reshape(-1)
    positions = np.flatnonzero(flat)
    zeros = np.diff(positions, prepend=-1) - 1
    fillers, gaps = np.divmod(zeros, _WIDEST_GAP + 1)
    last = np.cumsum(fillers + 1) - 1
    codes = np.zeros(last[-1] + 1 if len(last) else 0, np.uint8)
    steps = np.full_like(codes, _WIDEST_GAP)
    codes[last], steps[last] = flat[positions], gaps
    return codes, steps


def _pack_nibbles(values: np.ndarray) -> bytes:
    padded = np.append(values, np.uint8(0)) if len(values) % 2 else values
    return (padded[0::2] | padded[1::2] << 4).tobytes()


class _Reader:
    """Takes arrays off the front of the file; nothing is allocated before the file is known to hold it."""

    def __init__(self, data: bytes):
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._position

    def array(self, dtype: np.dtype | type, count: int, where: str) -> np.ndarray:
        size = np.dtype(dtype).itemsize * count
        if size > self.left:
            raise UsageError(f"the file ends inside {where!r}: {size} bytes are needed, {self.left} are left")
        self._position += size
        return np.frombuffer(self._data, dtype, count, self._position - size)

    def floats(self, count: int, where: str) -> np.ndarray:
        values = self.array(_VALUE, count, where)
        if not np.isfinite(values).all():
            raise UsageError(f"layer {where!r}: a codebook or bias value is not finite")
        return values

    def nibbles(self, count: int, where: str) -> np.ndarray:
        pairs = self.array(np.uint8, (count + 1) // 2, where)
        values = np.stack([pairs & 15, pairs >> 4], axis=1).reshape(-1)
        if values[count:].any():
            raise UsageError(f"layer {where!r}: the unused half of the last byte is not zero")
        return values[:count]
