"""The other end of trainer.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LIBRARY = {"keras": "dsd_tf", "tf_keras": "TFMOT"}


class Trainer:
    """A process that trains a network with one Keras, for two stretches of `stretch` steps at a time."""

    def __init__(self, keras: str, network: str, total_steps: int, stretch: int):
        script = Path(__file__).with_name("trainer.py")
        settings = {
            "TF_USE_LEGACY_KERAS": "1" if keras == "tf_keras" else "0",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(script), keras, network, str(total_steps), str(stretch)],
            env=os.environ | settings,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def train(self, variant: str) -> dict[str, Any]:
        self._process.stdin.write(variant + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            command = " ".join(self._process.args)
            raise RuntimeError(f"failed at {variant!r}: run {command} by hand to see why")
        return json.loads(answer)

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *error) -> None:
        self._process.stdin.close()
        self._process.wait()
