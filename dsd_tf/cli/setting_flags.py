"""Flags for fields of `Settings`: same name, default and help text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from absl import flags

from dsd_tf.settings import Settings

_DEFINE = {
    str: flags.DEFINE_string,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    bool: flags.DEFINE_bool,
}


def define(names: Iterable[str]) -> list[str]:
    """One flag for each of the named settings; returns their names."""
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    for name in names:
        _DEFINE[type(fields[name].default)](name, fields[name].default, _help(fields[name]))
    return list(names)


def define_lists(names: Iterable[str]) -> list[str]:
    """As `define`, but for flags whose text may list several values; it is left as it is."""
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    for name in names:
        default = str(fields[name].default)
        flag = flags.Flag(
            flags.ArgumentParser(),
            flags.ArgumentSerializer(),
            name,
            default,
            _help(fields[name]),
            boolean=isinstance(fields[name].default, bool),
        )
        flags.DEFINE_flag(flag)
    return list(names)


def _help(field: dataclasses.Field) -> str:
    choices = field.metadata["choices"]
    return field.metadata["help"] + (f" ({' '.join(choices)})" if choices else "")


def given(names: Iterable[str]) -> dict[str, Any]:
    """The values of those flags that the command line gives."""
    return {name: flags.FLAGS[name].value for name in names if flags.FLAGS[name].present}
