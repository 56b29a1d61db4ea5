"""Caffe's layer names as names that Keras and TensorFlow accept."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.\-]")


def keras_name(name: str) -> str:
    """`name` with underscores for what TensorFlow forbids: fire2/expand1x1 becomes fire2_expand1x1."""
    clean = _FORBIDDEN.sub("_", name)
    return clean if clean[:1].isalnum() else f"layer{clean}"


class Names:
    """Hands out the Keras names of one Caffe layer, none of them twice in a model; `given` keeps them."""

    def __init__(self, layer: str, taken: set[str]):
        self._base = keras_name(layer)
        self._taken = taken
        self.given: list[str] = []

    def __call__(self, suffix: str = "") -> str:
        """The layer's own name, or with a suffix that of a helper."""
        wanted = f"{self._base}_{suffix}" if suffix else self._base
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        self.given.append(name)
        return name
