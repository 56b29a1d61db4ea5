"""What a finished run comes to, and where it ran."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
from typing import Any

from dsd_tf.reporting.layers import LayerRow
from dsd_tf.settings import Settings

_PACKAGES = ("dsd_tf", "tensorflow", "keras", "tensorflow-model-optimization", "tensorflow-datasets", "numpy")


def summarise(
    settings: Settings, records: list[dict[str, Any]], final: dict[str, Any], layers: list[LayerRow]
) -> dict[str, Any]:
    """The results of a run: they depend on its configuration alone. `final` is the record of the network it keeps."""
    return {
        "configuration": settings.identity(),
        "phases": records,
        "layers": [dataclasses.asdict(layer) for layer in layers],
        "final": _headline(final),
    }


def _headline(record: dict[str, Any]) -> dict[str, Any]:
    robustness = record.get("robustness")
    return {
        "phase": record["phase"],
        "test_accuracy": record["test"]["top1"],
        "test_loss": record["test"]["loss"],
        "sparsity": record["sparsity"],
        "total_sparsity": record["total_sparsity"],
        "kept": record["kept"],
        "parameters": record["parameters"],
        "dense_flops": record["dense_flops"],
        "sparse_flops": record["sparse_flops"],
        "best_epoch": record["best_epoch"],
        **({"robust_test_accuracy": robustness["test"]["robust_accuracy"]} if robustness else {}),
    }


def versions() -> dict[str, str]:
    """Versions of Python and the packages results may depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def environment() -> dict[str, Any]:
    """Versions and machine."""
    return {"versions": versions(), "machine": platform.machine(), "cpus": os.cpu_count(), "system": platform.system()}
