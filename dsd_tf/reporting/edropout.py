"""The table of the EDropout papers: loss, accuracy and size of full, pruned and comparable networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from dsd_tf.reporting.tables import make_table
from dsd_tf.settings import Settings


@dataclass(frozen=True)
class NetworkRow:
    """One network on test data. `kept` of its parameters are left, a share `ratio`; `published_ratio` is that share as
    the papers' code counts, where units were searched for.
    """

    name: str
    loss: float
    top1: float
    top3: float
    top5: float
    ratio: float
    kept: int
    published_ratio: float | None = None


def network_rows(settings: Settings, records: Sequence[dict[str, Any]]) -> Iterator[NetworkRow]:
    """Of a run of EDropout its full (F) and its pruned (P) network, of others the last one."""
    if settings.method == "edropout":
        by_phase = {record["phase"]: record for record in records}
        for phase, letter in (("full", "F"), ("pruned", "P")):
            yield _row(f"{settings.model} + EDropout({letter})", by_phase[phase])
    elif settings.method == "dense":
        yield _row(settings.model, records[-1])
    else:
        yield _row(f"{settings.model} + {settings.method}, {settings.granularity}s", records[-1])


def _row(name: str, record: dict[str, Any]) -> NetworkRow:
    kept = record["parameters"] - record["prunable"] + record["kept"]
    accuracy = {key: record["test"][key] for key in ("loss", "top1", "top3", "top5")}
    published = record.get("units", {}).get("published_ratio")
    return NetworkRow(name, **accuracy, ratio=kept / record["parameters"], kept=kept, published_ratio=published)


def format_networks(rows: Sequence[NetworkRow]) -> Table:
    """The rows for the terminal, in percent where the papers have percent."""
    table = make_table("network", "loss", "top-1", "top-3", "top-5", "R", "#p", "R of the papers' code")
    for row in rows:
        shares = (f"{100 * share:.2f}" for share in (row.top1, row.top3, row.top5, row.ratio))
        published = "" if row.published_ratio is None else f"{100 * row.published_ratio:.2f}"
        table.add_row(row.name, f"{row.loss:.4f}", *shares, f"{row.kept:,}", published)
    return table
