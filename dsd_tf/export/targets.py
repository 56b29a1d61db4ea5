"""Where exports go: what may be replaced there, and folders that are either whole or absent."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from dsd_tf.errors import UsageError


def check_file(path: Path, ending: str) -> None:
    """Raises UsageError unless `path` is named as the format's readers want it and no folder stands there."""
    if path.suffix != ending:
        raise UsageError(f"{path} must end in {ending}, as in {path.name}{ending}")
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file for the export")


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; takes its place, flushed to disk, when the block ends well.

    Raises:
        UsageError: if the disk is full or the place cannot be written; what stood at `path` before is intact.
    """
    temporary, old = (path.with_name(f".tmp-{os.getpid()}-{which}-{path.name}") for which in ("new", "old"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        _flush(temporary)
        _exchange(temporary, path, old)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise UsageError(f"cannot write {path}: {reason}; what was there before is intact") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _flush(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb+") as written:
                os.fsync(written.fileno())


def _exchange(new: Path, path: Path, old: Path) -> None:
    if not path.exists():
        new.rename(path)
        return
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
