"""Reading the two-dimensional parameters of convolutions and pools."""

from __future__ import annotations

from dsd_tf.caffe.message import Message

Pair = tuple[int, int]


def pair(message: Message, name: str, default: int | None, least: int) -> Pair:
    """Rows and columns of `kernel_size`, `stride`, ...: one value for both, two values, or _h and _w.

    Without a default the parameter must be there.
    """
    stem = name.removesuffix("_size")
    rows, columns = f"{stem}_h", f"{stem}_w"
    values = message.integers(name, least)
    if message.has(rows) or message.has(columns):
        if values or not (message.has(rows) and message.has(columns)):
            raise message.error(f"give {name}, or both {rows} and {columns}")
        return message.integer(rows, 0, least), message.integer(columns, 0, least)
    if not values and default is not None:
        return default, default
    if len(values) not in (1, 2):
        raise message.error(f"{name} needs one value, or two for rows and columns; found {len(values)}")
    return values[0], values[-1]
