"""What pruning costs: training steps, their loop, choosing masks, memory, and exported bytes, as ratios in one table.

    python benchmarks/overhead.py [--quick] [--output=figures.json]

What each figure is stands in benchmarks/README.md. Read the ratios: what is compared takes turns in random order,
so that other load on the machine changes both sides. The full run takes about 20 minutes on 2 cores, --quick 3.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measures import dynamic_step, idle_callback, machine, mask_choice, memory, saved_model, small_loop, step_time  # noqa: E402  # noqa: E402
from measures.rows import Row, as_markdown  # noqa: E402

MEASURES = {
    "steps": step_time.measure,
    "dynamic": dynamic_step.measure,
    "loop": small_loop.measure,
    "callback": idle_callback.measure,
    "memory": memory.measure,
    "masks": mask_choice.measure,
    "savedmodel": saved_model.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes, for trying it out")
    parser.add_argument("--only", choices=MEASURES, nargs="+", default=list(MEASURES), help="some figures")
    parser.add_argument("--output", type=Path, help="also write the table as JSON")
    asked = parser.parse_args()
    before, rows = machine.describe(), []
    for name in asked.only:
        for row in MEASURES[name](asked.quick):
            print(" | ".join(row.cells), file=sys.stderr, flush=True)
            rows.append(row)
    described = before | {"load_average_1min_at_the_end": os.getloadavg()[0]}
    print("\n".join(f"{key}: {value}" for key, value in described.items()))
    print(as_markdown(rows))
    if asked.output:
        asked.output.write_text(_json(described, rows))


def _json(described: dict[str, object], rows: list[Row]) -> str:
    return json.dumps({"machine": described, "rows": [dataclasses.asdict(row) for row in rows]}, indent=1)


if __name__ == "__main__":
    main()
