"""The process in which the local engine carries out runs: python -m dsd_tf.studies.worker FILE_DESCRIPTOR.

Over the connection come runs, one after another, as JSON; back go how many steps are done, and in the end the error or
null. What a run prints is in its log.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dsd_tf.errors import Diverged, UsageError
from dsd_tf.reporting.progress import observed_by
from dsd_tf.settings import Settings, split

# TensorFlow keeps 5 to 35 MB of every run, whatever is cleared
RUNS_PER_PROCESS = 20
_SECONDS_BETWEEN_REPORTS = 0.5
_ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """Environment variables by which a process that carries out runs finds this project."""
    return {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}


def main() -> None:
    """Carry out runs until the study's end of the connection closes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    faulthandler.enable()
    connection = Connection(int(sys.argv[1]))
    tasks: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()

    def tell(message: dict[str, Any]) -> None:
        connection.send_bytes(json.dumps(message).encode())

    while True:
        task = tasks.get()
        write_to(Path(task["log"]))
        tell({"error": carry_out(Settings(**task["settings"]), task["path"], tell)})


def _receive(connection: Connection, tasks: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take in tasks; end the process with the study, in the middle of a run if need be, which loses nothing."""
    while True:
        try:
            tasks.put(json.loads(connection.recv_bytes()))
        except (EOFError, OSError):
            os._exit(0)


def write_to(log: Path) -> None:
    """Have all that this process says from now on appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a") as handle:
        os.dup2(handle.fileno(), sys.stdout.fileno())
        os.dup2(handle.fileno(), sys.stderr.fileno())


def carry_out(settings: Settings, path: str, tell: Callable[[dict[str, Any]], None]) -> str | None:
    """A whole run with its exports, leaving no trace in the process; returns the error, in one line, if it fails."""
    try:
        with observed_by(_reporter(tell)):
            _run(settings, path)
        return None
    except (UsageError, Diverged) as error:
        print(f"error: {error}", file=sys.stderr)
        return " ".join(str(error).split())
    except Exception as error:  # whatever it is, the study goes on without this run
        traceback.print_exc()
        return " ".join(f"{type(error).__name__}: {error}".split())


def _run(settings: Settings, path: str) -> None:
    import keras

    from dsd_tf.experiment.export_run import export_run
    from dsd_tf.experiment.runner import run

    try:
        run(settings, path)
        for name in split(settings.export):
            export_run(path, name)
    finally:
        keras.utils.clear_session()


def _reporter(tell: Callable[[dict[str, Any]], None]) -> Callable[[int, int], None]:
    last = -_SECONDS_BETWEEN_REPORTS

    def report(steps: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_REPORTS:
            last = time.monotonic()
            tell({"steps": steps, "total": total})

    return report


if __name__ == "__main__":
    main()
