"""Allocation: how much of each layer is kept when a given density is to be kept of all of them.

Shapes are Keras kernel shapes (HWIO, or input x output): the last two axes are the channels.
"""

from __future__ import annotations

import csv
import json
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dsd_tf.errors import UsageError, unknown

Shapes = Mapping[str, "tuple[int, ...]"]
_GLOBAL, _EXPLICIT = "global", "explicit"


def uniform(shapes: Shapes, density: float) -> dict[str, float]:
    """The same density everywhere."""
    _check_density(density)
    return dict.fromkeys(shapes, density)


def erk(shapes: Shapes, density: float) -> dict[str, float]:
    """Erdos-Renyi-Kernel (Evci et al. 2020, RigL, section 3): density ~ sum(shape) / prod(shape)."""
    raw = {name: sum(shape) / math.prod(shape) for name, shape in shapes.items()}
    return _scaled(raw, shapes, density)


def er(shapes: Shapes, density: float) -> dict[str, float]:
    """Erdos-Renyi (Mocanu et al. 2018): density ~ (inputs + outputs) / (inputs * outputs), channels only."""
    raw = {name: sum(shape[-2:]) / math.prod(shape[-2:]) for name, shape in shapes.items()}
    return _scaled(raw, shapes, density)


def igq(shapes: Shapes, density: float) -> dict[str, float]:
    """Ideal gas quotas (Chen et al. 2022, "Sparsity Winning Twice"): density = 1 / (f * size + 1)."""
    _check_density(density)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    target = density * sum(sizes.values())
    low, high = 0.0, len(sizes) / target  # at `high` less than 1 / high is kept per layer
    while low < (f := (low + high) / 2) < high:
        if sum(size / (f * size + 1) for size in sizes.values()) > target:
            low = f
        else:
            high = f
    return {name: 1 / (low * size + 1) for name, size in sizes.items()}


_RULES: dict[str, Callable[[Shapes, float], dict[str, float]]] = {
    "uniform": uniform,
    "erk": erk,
    "er": er,
    "igq": igq,
}


@dataclass(frozen=True)
class Allocation:
    """An allocation rule by name: global, uniform, erk, er, igq, or explicit with a table name -> density."""

    kind: str
    table: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if self.kind not in (_GLOBAL, _EXPLICIT, *_RULES):
            raise unknown("allocation", self.kind, (_GLOBAL, _EXPLICIT, *_RULES))
        if (self.kind == _EXPLICIT) != (self.table is not None):
            raise UsageError(f"allocation {self.kind!r}: a table belongs to {_EXPLICIT!r}, and to it alone")
        for name, density in (self.table or {}).items():
            _check_density(density, f"density of layer {name!r}")

    @classmethod
    def parse(cls, text: str) -> Allocation:
        """A rule by name, or the path of a table: JSON {name: density}, or CSV lines `name,density`."""
        if text == _GLOBAL or text in _RULES:
            return cls(text)
        if not Path(text).is_file():
            raise UsageError(f"{unknown('allocation', text, (_GLOBAL, *_RULES))} or the path of a JSON or CSV table")
        return explicit(_read_table(Path(text)))

    @property
    def is_global(self) -> bool:
        """True if all layers are ranked together, so that layer densities are an outcome and not a choice."""
        return self.kind == _GLOBAL

    def densities(self, shapes: Shapes, density: float | None) -> dict[str, float]:
        """The density of each layer, in the order of `shapes`.

        An explicit table says it all: `density` is not used with it.

        Raises:
            UsageError: if the density is not in (0, 1], or the table's layers are not those of `shapes`.
            ValueError: for a global allocation.
        """
        if self.is_global:
            raise ValueError("a global allocation has no densities per layer")
        if self.table is not None:
            return _looked_up(self.table, shapes)
        return _RULES[self.kind](shapes, density)


def explicit(table: Mapping[str, float]) -> Allocation:
    """The allocation that gives each layer the density the table says."""
    return Allocation(_EXPLICIT, dict(table))


def _check_density(density: float | None, what: str = "density") -> None:
    if not isinstance(density, numbers.Real) or not 0 < density <= 1:
        raise UsageError(f"{what} is {density!r}: give a number in (0, 1]")


def _scaled(raw: Mapping[str, float], shapes: Shapes, density: float) -> dict[str, float]:
    """min(1, epsilon * raw), with the epsilon that keeps `density` of all weights."""
    _check_density(density)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    budget = density * sum(sizes.values())
    scaled = dict(raw)
    while scaled:
        epsilon = budget / sum(raw[name] * sizes[name] for name in scaled)
        largest = max(scaled.values())
        if epsilon * largest <= 1:
            break
        # a layer that would keep more than it has is dense, and the others share what it leaves
        budget -= sum(sizes[name] for name, value in scaled.items() if value == largest)
        scaled = {name: value for name, value in scaled.items() if value < largest}
    return {name: epsilon * scaled[name] if name in scaled else 1.0 for name in raw}


def _looked_up(table: Mapping[str, float], shapes: Shapes) -> dict[str, float]:
    for name in shapes:
        if name not in table:
            raise UsageError(f"density table has no layer {name!r}: give a density in (0, 1] for each layer")
    for name in table:
        if name not in shapes:
            raise unknown("layer in density table", name, shapes)
    return {name: table[name] for name in shapes}


def _read_table(path: Path) -> dict[str, float]:
    """A table name -> density from a JSON object (it starts with a brace) or CSV."""
    try:
        text = path.read_text(encoding="utf-8")
        is_json = text.lstrip().startswith("{")
        pairs = json.loads(text, object_pairs_hook=list) if is_json else _csv_pairs(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not a table of densities ({error}): give JSON or CSV of name, density") from error
    table = dict(pairs)
    if len(table) < len(pairs):
        raise UsageError(f"{path}: a layer is named twice: give each layer one density")
    return table


def _csv_pairs(text: str) -> list[tuple[str, float]]:
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if rows and rows[0] == ["name", "density"]:
        rows = rows[1:]
    return [(name, float(density)) for name, density in rows]
