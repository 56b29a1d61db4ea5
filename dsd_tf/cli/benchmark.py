"""`bin/benchmark`: a suite of measurements -> a table of ratios."""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from absl import flags

from dsd_tf.cli import console
from dsd_tf.errors import UsageError, unknown
from dsd_tf.files import write_json
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.settings import split

ABOUT = """
Measure what training costs: bin/benchmark --suite=loop --output=loop.json

A table of ratios goes to standard output, progress to standard error. What is compared takes turns in random order, so
that other load on the machine changes all sides: read the ratios, which are medians with their quartiles. A verdict
stands where there is a target. What needs a package that is not there (PyTorch) is skipped, with the reason.

  --suite=overhead  masked and dynamic steps, choosing masks, memory, exported bytes, units: beside dense ones and TFMOT
  --suite=loop      LeNet-300-100 on resident data: beside plain Keras fit, and a PyTorch loop
  --suite=strategy  logical devices beside one device, and two workers beside two devices
  --suite=peers     the step of bin/train: beside plain Keras, TFMOT on tf_keras and PyTorch, on three networks

The file named by --output is written after every measurement, so that an interrupted one leaves what it has.
"""

ROOT = Path(__file__).resolve().parents[2]
_MOST = 0.95  # a measurement counts for, as long as it lasts, of the time it should take


def define_flags() -> list[str]:
    """Those of the command; returns their names."""
    flags.DEFINE_string("suite", "", "what to measure: overhead, loop, strategy or peers")
    flags.DEFINE_string("only", "", "comma-separated measurements of the suite; all if empty")
    flags.DEFINE_bool("quick", False, "fewer rounds and smaller sizes, for trying it out")
    flags.DEFINE_string("output", "", "also write machine and rows to this JSON file")
    return ["suite", "only", "quick", "output"]


def benchmark() -> dict[str, Any]:
    """Carry out what the flags ask for, print the table; returns the line to print last."""
    options, started = flags.FLAGS, time.monotonic()
    measures = _measures()
    rows, machine = [], _module("measures.machine").describe()
    if not Path(options.output).is_file():  # what an earlier run wrote is kept until there is something to put there
        _write(machine, rows)
    for row in _measured(measures, options.quick):
        rows.append(row)
        _write(machine, rows)
    print("\n".join(f"{key}: {value}" for key, value in machine.items()))
    print(f"load_average_1min_at_the_end: {os.getloadavg()[0]:.2f}")
    print(_module("measures.rows").as_markdown(rows))
    return {
        "suite": options.suite,
        "rows": len(rows),
        "missed": [row.measured for row in rows if row.is_missed],
        "skipped": [row.measured for row in rows if row.value is None],
        "seconds": round(time.monotonic() - started, 1),
    }


def _measures() -> Mapping[str, Any]:
    suites, options = _module("suites").SUITES, flags.FLAGS
    if options.suite not in suites:
        raise unknown("--suite", options.suite, suites)
    measures = suites[options.suite]
    for name in split(options.only):
        if name not in measures:
            raise unknown(f"measurement of --suite={options.suite} in --only", name, measures)
    return {name: measure for name, measure in measures.items() if name in (split(options.only) or measures)}


def _module(name: str) -> Any:
    if not (ROOT / "benchmarks" / "suites.py").is_file():
        raise UsageError(f"bin/benchmark needs the folder benchmarks/ of a checkout; there is none in {ROOT}")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"benchmarks.{name}")


def _measured(measures: Mapping[str, Any], quick: bool) -> Iterator[Any]:
    """All rows, while progress is shown: seconds that the measures should take."""
    progress, before = RunProgress(sum(measure.seconds(quick) for measure in measures.values())), 0
    try:
        for number, (name, measure) in enumerate(measures.items(), 1):
            progress.phase(name, number, len(measures))
            progress.reach(before)
            watch = _Watch(progress, f"[{number}/{len(measures)}] {name}", before, measure.seconds(quick))
            _module("measures.turns").watch.set(watch)
            with console.quiet_start():
                rows = measure.rows(quick)
            for row in rows:
                progress.say(" | ".join(row.cells))
                yield row
            before += measure.seconds(quick)
    finally:
        progress.close()


class _Watch:
    """Shows what a measurement is at."""

    def __init__(self, progress: RunProgress, label: str, before: int, seconds: int):
        self._progress, self._label, self._before, self._seconds = progress, label, before, seconds
        self._started = time.monotonic()

    def __call__(self, text: str) -> None:
        taken = min(time.monotonic() - self._started, _MOST * self._seconds)
        self._progress.reach(self._before + round(taken))
        self._progress.line(f"{self._label}: {text}")


def _write(machine: Mapping[str, Any], rows: list[Any]) -> None:
    if flags.FLAGS.output:
        suite = {"suite": flags.FLAGS.suite, "quick": flags.FLAGS.quick, "machine": machine}
        write_json(Path(flags.FLAGS.output), suite | {"rows": [dataclasses.asdict(row) for row in rows]})


def main() -> NoReturn:
    """Entry point of `bin/benchmark`."""
    console.start(benchmark, define_flags(), ABOUT)
