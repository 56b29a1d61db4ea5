"""The layer table that `bin/convert_caffe` prints."""

from __future__ import annotations

from collections.abc import Sequence

from dsd_tf.caffe.build import Row
from dsd_tf.caffe.network import Ignored

_HEADER = ("Caffe layer", "type", "Keras layer", "output", "parameters")


def layer_table(rows: Sequence[Row], ignored: Sequence[Ignored], total: int) -> str:
    """One line per converted layer, one per ignored layer with the reason, and the total."""
    cells = [_HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    lines += [f"ignored: {item.name} ({item.kind}): {item.reason}" for item in ignored]
    return "\n".join([*lines, f"total: {total:,} parameters"])


def _cells(row: Row) -> tuple[str, ...]:
    shapes = ", ".join("x".join(map(str, shape)) for shape in row.shapes)
    return row.caffe, row.kind, row.keras, shapes, f"{row.parameters:,}" if row.parameters else ""
