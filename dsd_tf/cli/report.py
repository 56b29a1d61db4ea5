"""`bin/report`: run directories -> one HTML file."""

from __future__ import annotations

from typing import Any, NoReturn

from absl import flags

from dsd_tf.cli import chosen_runs, console, setting_flags

ABOUT = """
Report on runs: bin/report --run_dir=DIR [--run_dir=DIR ...] --output=report.html

Writes one HTML file that needs no server and no network: accuracy against sparsity with the phases of sparse double
descent, entropy, fitted noise, density, FLOPs, stop rules, the search for units, training curves, settings and
commands, as far as the runs recorded them. Runs that differ in nothing but their seed become one curve, mean and
standard deviation; an unfinished run is covered up to its last finished phase. Beside it every figure as PNG and CSV.
The flags of the stop rules say what ladders are replayed with in place of their own settings. The last line of output
is JSON.
"""

_STOPPING = ["stop_tolerance", "stop_entropy_drop", "stop_patience"]


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    names = chosen_runs.define_flags()
    flags.DEFINE_string("output", "report.html", "the HTML file to write")
    flags.DEFINE_string("figures", "", "folder of the PNG and CSV files; beside the HTML file, NAME_files, if empty")
    return [*names, "output", "figures", *setting_flags.define(_STOPPING)]


def report() -> dict[str, Any]:
    """Report on what the flags name; returns the line to print last."""
    options = flags.FLAGS
    labels = chosen_runs.chosen_runs()
    from dsd_tf.experiment.report import write_report

    replayed = setting_flags.given(_STOPPING)
    result = write_report(list(labels), options.output, options.figures or None, labels, replayed)
    for path in result["unfinished"]:
        print(f"unfinished: {path}; covered up to its last finished phase")
    print(f"{result['output']}: {result['runs']} run(s), {result['bytes'] / 1000:.0f} kB")
    return result


def main() -> NoReturn:
    """Entry point of `bin/report`."""
    console.start(report, define_flags(), ABOUT)
