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
        choices = fields[name].metadata["choices"]
        text = fields[name].metadata["help"] + (f" ({' '.join(choices)})" if choices else "")
        _DEFINE[type(fields[name].default)](name, fields[name].default, text)
    return list(names)


def given(names: Iterable[str]) -> dict[str, Any]:
    """The values of those flags that the command line gives."""
    return {name: flags.FLAGS[name].value for name in names if flags.FLAGS[name].present}
