"""Checkpoints inside a phase: the newest two, so that a damaged one has a predecessor."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.files import read_arrays, write_arrays

_KEEP = 2


class Checkpoints:
    """Numbered array files in `folder`. `say` is told when one cannot be read."""

    def __init__(self, folder: Path, say: Callable[[str], None]):
        self.folder = folder
        self._say = say

    def save(self, arrays: dict[str, np.ndarray]) -> None:
        """Write the next checkpoint and drop the ones that are no longer needed.

        Raises:
            UsageError: if it cannot be written; those before it are intact.
        """
        numbered = self._numbered()
        number = numbered[-1][0] + 1 if numbered else 0
        write_arrays(self.folder / f"{number:06d}.npz", arrays)
        for _, path in numbered[: -(_KEEP - 1)]:
            path.unlink()

    def load(self) -> dict[str, np.ndarray] | None:
        """The newest checkpoint that can be read, or None."""
        for _, path in reversed(self._numbered()):
            try:
                return read_arrays(path)
            except UsageError as error:
                self._say(f"{error}; going back to the one before it, or else to the start of the phase")
        return None

    def clear(self) -> None:
        """Remove all checkpoints."""
        for path in self.folder.glob("*.npz"):
            path.unlink()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _numbered(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self.folder.glob("[0-9]*.npz"))
