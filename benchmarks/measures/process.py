"""The other end of a script that answers every line of its standard input with a line of JSON."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Process(contextlib.AbstractContextManager):
    """Runs a script of this folder with the paths of this process, and `environment` beside it."""

    def __init__(self, script: str, *arguments: str, environment: Mapping[str, str] | None = None):
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(script)), *arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), **(environment or {})},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def begin(self, line: str = "go") -> None:
        """Have it work on a line, while others do."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What it has to say about the line it was given."""
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"failed: run {' '.join(self._process.args)} by hand to see why")
        return json.loads(answer)

    def ask(self, line: str = "go") -> Any:
        self.begin(line)
        return self.answer()

    def __exit__(self, *error) -> None:
        self._process.kill()
        self._process.communicate()
