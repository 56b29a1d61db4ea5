"""Which corruption, and how severe."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf.errors import UsageError, unknown
from dsd_tf.registry import CORRUPTIONS

_MOST_SEVERE = 5


@dataclass(frozen=True)
class Corruption:
    """A corruption of the registry at a severity of 1 to 5; UsageError for others."""

    kind: str
    severity: int

    def __post_init__(self):
        if self.kind not in CORRUPTIONS:
            raise unknown("corruption", self.kind, CORRUPTIONS)
        if not 1 <= self.severity <= _MOST_SEVERE:
            raise UsageError(f"corruption severity {self.severity} is not defined: 1 to {_MOST_SEVERE} are")

    @classmethod
    def parse(cls, text: str) -> Corruption:
        """From "gaussian_noise:5"."""
        kind, _, severity = text.partition(":")
        if not severity.removeprefix("-").isdecimal():
            raise UsageError(f"corruption {text!r} is not KIND:SEVERITY, as in gaussian_noise:5")
        return cls(kind, int(severity))

    def __str__(self) -> str:
        return f"{self.kind}:{self.severity}"
