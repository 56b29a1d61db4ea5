"""What a command prints of a finished run, for people."""

from __future__ import annotations

from typing import Any

from dsd_tf.reporting.layers import LayerRow, format_layers
from dsd_tf.reporting.tables import make_table, print_table


def describe_results(path: str, summary: dict[str, Any]) -> None:
    """Print a finished run's phases and its per-layer table."""
    table = make_table("phase", "sparsity", "kept", "train", "validation", "test", "test at best epoch")
    for record in summary["results"]["phases"]:
        best = record["best_epoch"]
        table.add_row(
            record["phase"],
            f"{record['sparsity']:.3%}",
            f"{record['kept']:,}",
            *(f"{record[split]['top1']:.2%}" if split in record else "-" for split in ("train", "validation", "test")),
            f"{best['test_accuracy']:.2%} (epoch {best['epoch'] + 1})" if best else "-",
        )
    print_table(table)
    print()
    print_table(format_layers([LayerRow(**row) for row in summary["results"]["layers"]]))
    print(f"\nFLOPs are theoretical: zeros alone do not make a dense kernel faster. Files of the run: {path}")
