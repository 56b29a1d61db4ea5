"""Readable names of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dsd_tf.errors import UsageError
from dsd_tf.studies.values import format_value

_LONGEST = 200


def run_name(axes: Mapping[str, Any]) -> str:
    """A directory name that tells a run's place on the axes: label_noise=0.2-seed=1.

    Characters that a path, a pattern or a comma-separated list would take for their own are written %2F, commas as +.
    """
    name = "-".join(f"{axis}={_safe(format_value(value))}" for axis, value in axes.items())
    if len(name) > _LONGEST:
        raise UsageError(f"{name} is too long for the name of a run: give its values as a --variant with a short name")
    return name


def _safe(text: str) -> str:
    return quote(text, safe=":%").replace("%2C", "+")
