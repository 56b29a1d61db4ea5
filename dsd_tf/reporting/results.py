"""What a command prints of a finished run, for people."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from dsd_tf.reporting.layers import LayerRow, format_layers
from dsd_tf.reporting.tables import make_table, print_table


def describe_results(path: str, summary: dict[str, Any]) -> None:
    """Print a finished run's phases and its per-layer table."""
    records = summary["results"]["phases"]
    table = make_table("phase", "sparsity", "kept", "train", "validation", "test", "test at best epoch")
    for record in records:
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
    if "label_noise" in records[-1]:
        print_table(_noise_table(records))
        print()
    if "robustness" in records[-1]:
        print_table(_robustness_table(records))
        print()
    print_table(format_layers([LayerRow(**row) for row in summary["results"]["layers"]]))
    print(f"\nFLOPs are theoretical: zeros alone do not make a dense kernel faster. Files of the run: {path}")


def _noise_table(records: list[dict[str, Any]]) -> Table:
    """How each phase ended with the training labels: the right ones, and the wrong ones."""
    columns = {
        "right labels fitted": "clean_accuracy",
        "wrong labels fitted": "noisy_fitted_given",
        "true class despite them": "noisy_fitted_true",
    }
    table = make_table("phase", "training labels wrong", *columns)
    for record in records:
        noise = record["label_noise"]
        shares = (noise[key] for key in columns.values())
        cells = ("-" if share is None else f"{share:.2%}" for share in shares)
        table.add_row(record["phase"], f"{noise['rate']:.2%}", *cells)
    return table


def _robustness_table(records: list[dict[str, Any]]) -> Table:
    """How each phase ended under attack, and at the epoch that was best by robust validation accuracy."""
    first = records[0]["robustness"]
    attack = f"{first['attack']}, {first['norm']} {first['epsilon']:.4g}"
    table = make_table("phase", f"test under {attack}", "train", "gap", "best epoch", "test then")
    for record in records:
        found, best = record["robustness"], record["robustness"]["best_epoch"]
        figures = (found["test"]["robust_accuracy"], found["train"]["robust_accuracy"], found["gap"])
        then = (str(best["epoch"] + 1), f"{best['test_robust_accuracy']:.2%}") if best else ("-", "-")
        table.add_row(record["phase"], *(f"{figure:.2%}" for figure in figures), *then)
    return table
