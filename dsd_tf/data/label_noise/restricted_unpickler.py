"""Reading a `.pt` file of integer vectors without running anything that it says.

Such a file is a zip archive with one pickle, and a pickle is a program. This one may only use the instructions that
a dict of NumPy arrays takes, and the four functions it may call are not NumPy's but look-alikes that take nothing
but integer vectors.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from dsd_tf.errors import UsageError

_MEMBERS = {"data.pkl", "version"}
_LARGEST = 1 << 26  # bytes; the published files have 2.4 million
_MOST_MEMORY = 10_000  # objects a pickle may number; the published ones number 68
_INSTRUCTIONS = {
    *("PROTO", "STOP", "MARK", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "BINUNICODE"),
    *("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "SETITEM", "SETITEMS"),
    *("GLOBAL", "REDUCE", "BUILD"),
}


class _Refused(Exception):
    """What a dict of integer vectors does not need."""


def read_pt(path: Path) -> dict[str, np.ndarray]:
    """The integer vectors in a file that `torch.save` wrote of a dict of NumPy arrays, by name.

    Raises:
        UsageError: if the file is absent or damaged, or has anything else in it.
    """
    try:
        return _vectors(_pickle_in(path))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except _Refused as error:
        raise UsageError(f"{path} is refused: {error}; only a dict of NumPy's integer vectors is read") from None
    except Exception as error:  # zipfile, zlib and pickle raise whatever a damaged file leads them to
        raise UsageError(f"{path} is damaged: {str(error) or type(error).__name__}") from error


def _pickle_in(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        members = {name.partition("/")[2]: name for name in names}
        if len(members) < len(names) or not {"data.pkl"} <= members.keys() <= _MEMBERS:
            listed = ", ".join(map(repr, names[:4])) + ", ..." * (len(names) > 4)
            raise _Refused(f"it is an archive of {listed or 'nothing'}")
        size = archive.getinfo(members["data.pkl"]).file_size
        if size > _LARGEST:
            raise _Refused(f"its pickle has {size:,} bytes, more than {_LARGEST:,}")
        return archive.read(members["data.pkl"])


def _vectors(program: bytes) -> dict[str, np.ndarray]:
    for instruction, argument, _ in pickletools.genops(program):
        if instruction.name not in _INSTRUCTIONS:
            raise _Refused(f"its pickle uses the instruction {instruction.name}")
        # the unpickler makes room for as many objects as a number says
        if instruction.name == "LONG_BINPUT" and argument > _MOST_MEMORY:
            raise _Refused(f"its pickle numbers {argument:,} objects")
    stored = _Unpickler(io.BytesIO(program)).load()
    if not isinstance(stored, dict):
        raise _Refused("it holds something else")
    if not all(isinstance(name, str) and isinstance(vector, _Vector) for name, vector in stored.items()):
        raise _Refused("not all it holds are arrays and their names")
    return {name: vector.values for name, vector in stored.items()}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # new objects every time: a pickle can set attributes of what it is given
        match module, name:
            case "numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct":
                return lambda kind, shape, code: _Vector()
            case "numpy", "ndarray":
                return object()
            case "numpy", "dtype":
                return lambda code, align, copy: _IntegerType(code)
            case "_codecs", "encode":
                return lambda text, encoding: text.encode("latin1")
        raise _Refused(f"its pickle asks for {module:.40}.{name:.40}")


class _IntegerType:
    """What stands for a `numpy.dtype`: signed or unsigned integers, little-endian."""

    __slots__ = ("dtype",)

    def __init__(self, code: str):
        if code not in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
            raise _Refused(f"it has an array of {code!r:.40}")
        self.dtype = np.dtype(f"<{code}")

    def __setstate__(self, state: tuple) -> None:
        if state not in [(3, order, None, None, None, -1, -1, 0) for order in "<|"]:
            raise _Refused("it has an array of numbers with fields or the highest byte first")


class _Vector:
    """What stands for a `numpy.ndarray`: `values` are integers [N]."""

    __slots__ = ("values",)

    def __setstate__(self, state: tuple) -> None:
        _, shape, integers, _, content = state
        values = np.frombuffer(content, integers.dtype)
        if shape != values.shape:
            raise _Refused(f"it has an array of shape {shape!r:.40} out of {len(values)} numbers")
        self.values = values
