"""Errors that are the user's to fix: one line that says what is wrong, where, and what would be accepted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(ValueError):
    """Bad input (flag, file, data set, checkpoint). The command line prints it in one line and exits with 2."""


class Diverged(RuntimeError):
    """Training produced a loss that is not finite. The command line prints it in one line and exits with 3."""


class WorkersDiffer(RuntimeError):
    """Replicas or workers of one run hold different values. The command line prints it in one line and exits with 4."""


def unknown(what: str, value: object, choices: Iterable[str]) -> UsageError:
    """An error that names the valid choice nearest to `value`, and all of them."""
    choices = sorted(choices)
    lowered = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(str(value).lower(), lowered, n=1, cutoff=0.0)
    hint = f"; did you mean {lowered[near[0]]!r}?" if near else ""
    return UsageError(f"unknown {what} {value!r}{hint} (valid: {', '.join(choices)})")
