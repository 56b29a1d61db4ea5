"""A worker that does with a run what the run is called, and gives its own process number for an error."""

from __future__ import annotations

import json
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

connection = Connection(int(sys.argv[1]))


def tell(**message) -> None:
    connection.send_bytes(json.dumps(message).encode())


while True:
    try:
        task = json.loads(connection.recv_bytes())
    except EOFError:
        break
    match Path(task["path"]).name:
        case "finish":
            tell(steps=3, total=4)
            tell(error=None)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave":
            break
        case "busy":
            tell(steps=0, total=4)
        case "hang":
            tell(steps=0, total=4)
            signal.pause()
        case _:
            tell(error=str(os.getpid()))
