"""Files that are either whole or absent."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dsd_tf.errors import UsageError

TEMPORARY = ".tmp-"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` to write to; takes its place, flushed to disk, when the block ends well.

    Raises:
        UsageError: if the disk is full or the place cannot be written; what stood at `path` before is intact.
    """
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; what was there before is intact") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_temporary(folder: Path) -> None:
    """Remove what processes that were killed while writing left below `folder`."""
    for path in list(folder.rglob(f"{TEMPORARY}*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def lock(folder: Path, flag: str) -> int:
    """Lock a folder against other processes, until the file descriptor that is returned is closed.

    Raises:
        UsageError: if another process holds it; names the folder by its `flag`.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        in_use = isinstance(error, BlockingIOError)
        reason = "is in use by another process" if in_use else f"cannot be locked: {error.strerror}"
        raise UsageError(f"--{flag}={folder} {reason}") from None
    return descriptor


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an .npz file, whole or not at all."""
    with replacing(path) as temporary, open(temporary, "wb") as handle:
        np.savez(handle, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, checksums verified.

    Raises:
        UsageError: if the file is absent, truncated or corrupt.
    """
    try:
        # NumPy reads as much as an array's header says, which need not reach the checksum at its end
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"bad checksum of {damaged}")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except Exception as error:  # zipfile, zlib and numpy each have their own error for a damaged file
        raise UsageError(f"{path} is damaged: {error}") from error


def read_json(path: Path) -> Any:
    """The value in a JSON file; UsageError if it is absent or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
