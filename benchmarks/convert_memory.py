"""Time and peak memory of `bin/convert_caffe` on the published SqueezeNet, beyond TensorFlow's own.

    python -m benchmarks.convert_memory --data=DIR [--rounds=3]

DIR holds deploy.prototxt and its .caffemodel. Every figure is the largest resident set of a process of its own, minus
that of a process that only imports TensorFlow, and minus that of one that also makes a first variable.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = "squeezenet_v1.0_deep_compression.caffemodel"
BASES = {
    "importing TensorFlow": "import tensorflow, keras",
    "a first variable": "import tensorflow, keras; keras.Variable(0.0)",
}


def peak(arguments: list[str], output: Path) -> int:
    """Bytes of the largest resident set of a Python process; what it prints goes to a file."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    process = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"error: {' '.join(arguments)} failed")
    return usage.ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    size = (options.data / MODEL).stat().st_size
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / "printed"
        command = [
            str(ROOT / "bin" / "convert_caffe"),
            f"--prototxt={options.data / 'deploy.prototxt'}",
            f"--weights={options.data / MODEL}",
            f"--output={folder}/net.keras",
        ]
        peaks, seconds = [], []
        for _ in range(options.rounds):
            peaks.append(peak(command, printed))
            seconds.append(json.loads(printed.read_text().splitlines()[-1])["seconds"])
        bases = {
            name: statistics.median(peak(["-c", code], printed) for _ in range(options.rounds))
            for name, code in BASES.items()
        }
    print(f"{statistics.median(seconds):.2f} s beyond importing TensorFlow")
    for name, base in bases.items():
        added = statistics.median(peaks) - base
        print(f"{added / 2**20:.1f} MiB beyond {name}: {added / size:.2f}x the file's {size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
