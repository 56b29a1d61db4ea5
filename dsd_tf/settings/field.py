"""A setting: its default, its help text, what it may be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsd_tf.errors import UsageError, unknown
from dsd_tf.sparsity.times import Time


@dataclass(frozen=True)
class Bounds:
    """What a number must be, in words and as a test of it."""

    must: str
    holds: Callable[[float], bool]


AT_LEAST_1 = Bounds("be at least 1", lambda value: value >= 1)
ABOVE_0 = Bounds("be above 0", lambda value: value > 0)
NOT_NEGATIVE = Bounds("not be negative", lambda value: value >= 0)
SHARE = Bounds("be in [0, 1]", lambda value: 0 <= value <= 1)
BELOW_1 = Bounds("be in [0, 1)", lambda value: 0 <= value < 1)
INSIDE = Bounds("be in (0, 1)", lambda value: 0 < value < 1)


def setting(
    default: Any,
    text: str,
    *,
    choices: tuple[str, ...] = (),
    bounds: Bounds | None = None,
    identity: bool = True,
    listed: bool = False,
    time: bool = False,
) -> Any:
    """A field of a dataclass with its help text.

    Args:
        choices: the values there are; empty for any.
        bounds: what a number has to be.
        identity: False if a run may be continued with another value.
        listed: whether a value is a comma-separated list.
        time: whether a value is a time in training, as `Time` has it.
    """
    metadata = {
        "help": text,
        "choices": choices,
        "bounds": bounds,
        "identity": identity,
        "listed": listed,
        "time": time,
    }
    return dataclasses.field(default=default, metadata=metadata)


def check(name: str, value: Any, field: dataclasses.Field) -> None:
    """Raises UsageError for a value the field may not have; names the flag."""
    choices, bounds = field.metadata["choices"], field.metadata["bounds"]
    if choices and value not in choices:
        raise unknown(f"--{name}", value, choices)
    if bounds and not bounds.holds(value):
        raise UsageError(f"--{name} must {bounds.must}, got {value}")
    if field.metadata["time"]:
        parse_time(name, value)


def parse_time(name: str, text: str) -> Time:
    """The time a setting gives; UsageError, naming the flag, if it is none."""
    try:
        return Time.parse(text)
    except UsageError as error:
        raise UsageError(f"--{name}: {error}") from None


def split(text: str) -> list[str]:
    """The parts of a comma-separated value; empty parts are dropped."""
    return [part.strip() for part in text.split(",") if part.strip()]
