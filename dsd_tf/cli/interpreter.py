"""Commands of `bin/` find the virtual environment `make` built, without it being activated."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def use_project_environment(root: Path) -> None:
    """Start over under `root`/.venv if this Python lacks the dependencies and is not that one already."""
    environment = root / ".venv"
    python = environment / "bin" / "python"
    if importlib.util.find_spec("tensorflow") is None:
        if not python.exists() or Path(sys.prefix).resolve() == environment.resolve():
            raise SystemExit("error: TensorFlow is not installed for this Python: run `make install` first")
        os.execv(python, [str(python), *sys.argv])
