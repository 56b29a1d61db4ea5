"""Variants: settings that change together, as one axis of a grid; and references from one variant to another."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dsd_tf.errors import UsageError, unknown
from dsd_tf.settings import Settings
from dsd_tf.studies.values import parse_value

_NAME = r"[A-Za-z0-9_.]+"
_VARIANT = re.compile(rf"({_NAME})\s*:(.*)")
_REFERENCE = re.compile(rf"@({_NAME})(/.*)?")
_SETTINGS = [field.name for field in dataclasses.fields(Settings)]


def parse_variants(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The settings of each variant by its name, out of texts as "finetune: --retrain=finetune --finetune_lr=0.01".

    Raises:
        UsageError: for text of another form, an unknown flag, a bad value, or a name or flag that is given twice.
    """
    variants: dict[str, dict[str, Any]] = {}
    for text in texts:
        form = _VARIANT.fullmatch(text.strip())
        if not form:
            raise UsageError(
                f"--variant={text}: give a name of letters, digits, _ and . and then flags, as in "
                "'finetune: --retrain=finetune --finetune_lr=0.01'; no quotes around it in a flag file"
            )
        name, flags = form.groups()
        if name in variants:
            raise UsageError(f"--variant={name} is given twice")
        variants[name] = _parse_flags(name, flags)
    return variants


def _parse_flags(variant: str, text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for word in _words(variant, text):
        flag, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not equals:
            raise UsageError(f"--variant={variant}: {word!r} is not of the form --flag=value")
        if flag not in _SETTINGS:
            raise unknown(f"flag in --variant={variant}:", flag, _SETTINGS)
        if flag in values:
            raise UsageError(f"--variant={variant} gives --{flag} twice")
        try:
            values[flag] = parse_value(flag, value)
        except UsageError as error:
            raise UsageError(f"--variant={variant}: {error}") from None
    return values


def _words(variant: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--variant={variant}: {error}") from None


@dataclass(frozen=True)
class Reference:
    """A value `@VARIANT` or `@VARIANT/FILE`: the directory of that variant's run, or what is in it."""

    variant: str
    rest: str

    @classmethod
    def parse(cls, value: Any) -> Reference | None:
        """The reference a setting's value is, if it is one; UsageError for one that is malformed."""
        if not isinstance(value, str) or not value.startswith("@"):
            return None
        form = _REFERENCE.fullmatch(value)
        if not form:
            raise UsageError(f"{value!r} is not a reference: give @VARIANT or @VARIANT/FILE")
        return cls(form[1], form[2] or "")
