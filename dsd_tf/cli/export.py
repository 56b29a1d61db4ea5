"""`bin/export`: a finished run's network -> SavedModel, .keras or LiteRT."""

from __future__ import annotations

from typing import Any, NoReturn

from absl import flags

from dsd_tf import registry
from dsd_tf.cli import console
from dsd_tf.errors import UsageError
from dsd_tf.experiment.export_run import export_run
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.reporting.tables import make_table, print_table

ABOUT = """
Export a run's network: bin/export --run_dir=DIR --format=savedmodel --output=PATH

The export needs nothing of this project to load. Pruned weights are zeros in ordinary dense tensors; LiteRT
files store sparse kernels as such. With --compact units that pruning silenced are removed, from filters to
normalisation and the layers that read them: the same function as a smaller ordinary network. Prints the size,
raw and after gzip, and for a compact network what it saves, measured; the last line is JSON.
"""


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("run_dir", "", "directory of a finished run of bin/train")
    flags.DEFINE_string("format", "savedmodel", f"what to write ({' '.join(registry.EXPORT_FORMATS)})")
    flags.DEFINE_string("output", "", "where to write it; in the run directory, export/PHASE, if empty")
    flags.DEFINE_string("phase", "", "export the network at the end of this phase; the last one if empty")
    flags.DEFINE_bool("compact", False, "remove filters and neurons that say nothing, from any network pruned so")
    return ["run_dir", "format", "output", "phase", "compact"]


def export() -> dict[str, Any]:
    """Export what the flags name; returns the line to print last."""
    options = flags.FLAGS
    if not options.run_dir:
        raise UsageError("--run_dir is missing; see --help")
    # what is wrong with these need not wait for TensorFlow to start
    FinishedRun(options.run_dir).record(options.phase)
    with console.quiet_start():
        registry.resolve("--format", registry.EXPORT_FORMATS, options.format)

        import tensorflow as tf

        tf.config.list_physical_devices()
    result = export_run(options.run_dir, options.format, options.output, options.phase, options.compact)
    _show(result)
    return result


def _show(result: dict[str, Any]) -> None:
    table = make_table("format", "phase", "sparsity", "variables", "bytes", "bytes / variables", "gzip bytes")
    sizes = [f"{result[key]:,}" for key in ("variables_bytes", "bytes", "gzip_bytes")]
    sizes.insert(2, f"{result['bytes'] / result['variables_bytes']:.4f}")
    table.add_row(result["format"], result["phase"], f"{result['sparsity']:.3%}", *sizes)
    print_table(table)
    if "compact" in result:
        _show_compact(result["compact"])
    print(f"\nwritten to {result['path']}")


def _show_compact(figures: dict[str, Any]) -> None:
    table = make_table("compaction", "before", "after", "ratio")
    for key, name in (("parameters", "parameters"), ("flops", "FLOPs per image"), ("keras_bytes", "bytes as .keras")):
        before, after = figures[key]
        table.add_row(name, f"{before:,.0f}", f"{after:,.0f}", f"{after / before:.3f}")
    for threads, latency in figures["latency"].items():
        before, after = latency["milliseconds"]
        table.add_row(f"ms per image, {threads}", f"{before:.3f}", f"{after:.3f}", f"{latency['ratio']:.3f}")
    print()
    print_table(table)
    for name, reason in figures["left"].items():
        print(f"{name} stays as wide as it was: {reason}")


def main() -> NoReturn:
    """Entry point of `bin/export`."""
    console.start(export, define_flags(), ABOUT)
