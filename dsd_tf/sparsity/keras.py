"""The names of `tfmot.sparsity.keras`, for programs that change one line: `import dsd_tf as tfmot`."""

from __future__ import annotations

import dsd_tf


def __getattr__(name: str):
    return getattr(dsd_tf, name)
