"""What a benchmark found, as the lines of one table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_HEADER = ("measured", "figure", "quartiles, and in units", "target")


@dataclass(frozen=True)
class Row:
    """One figure: `value` (a ratio, or bytes per weight) as printed in `figure`, at most `target` if all is well."""

    measured: str
    figure: str
    detail: str = ""
    target: float | None = None
    value: float | None = None

    @property
    def is_missed(self) -> bool:
        return self.target is not None and self.value > self.target

    @property
    def cells(self) -> tuple[str, ...]:
        if self.target is None:
            return self.measured, self.figure, self.detail, ""
        verdict = "MISSED" if self.is_missed else "met"
        return self.measured, self.figure, self.detail, f"<= {self.target:g}: {verdict}"


def skipped_row(measured: str, reason: str) -> Row:
    """A figure that could not be had."""
    return Row(measured, "skipped", reason)


def ratio_row(
    measured: str,
    own: Sequence[float],
    other: Sequence[float],
    *,
    to: str,
    unit: str,
    scale: float = 1,
    target: float | None = None,
) -> Row:
    """The median of own / other, pair by pair; `own`, in seconds, is also shown times `scale` in `unit`."""
    ratios = [mine / theirs for mine, theirs in zip(own, other, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else 3 * ratios
    shown = f"{statistics.median(own) * scale:.4g} {unit}"
    return Row(measured, f"{middle:.3f}x {to}", f"{low:.3f} to {high:.3f}; {shown}", target, middle)


def as_markdown(rows: Sequence[Row]) -> str:
    lines = [_HEADER, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]])
