"""Values of settings as text: one, or several that make an axis of a grid."""

from __future__ import annotations

import dataclasses
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.settings import Settings

_FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
_BOOLEANS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def alternatives(name: str, text: str) -> tuple[Any, ...]:
    """The values that `text` lists for a setting: separated by commas, or by semicolons if a value is itself a list.

    Raises:
        UsageError: if one of them is not of the setting's type, or listed twice.
    """
    parts = [part.strip() for part in text.split(";" if _FIELDS[name].metadata["listed"] else ",")]
    values = tuple(parse_value(name, part) for part in parts)
    for index, value in enumerate(values):
        if value in values[:index]:
            raise UsageError(f"--{name}={text} lists {parts[index]} twice")
    if len(values) > 1 and not _FIELDS[name].metadata["identity"]:
        raise UsageError(f"--{name}={text}: results do not depend on --{name}, so it takes one value")
    return values


def parse_value(name: str, text: str) -> Any:
    """The value of the setting `name` that `text` stands for; UsageError if it is not of the setting's type."""
    kind = type(_FIELDS[name].default)
    try:
        return _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise UsageError(f"--{name}: {text!r} is not {_KINDS[kind]}") from None


def format_value(value: Any) -> str:
    """A setting's value as its flag takes it, as short as can be: 1 for 1.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
