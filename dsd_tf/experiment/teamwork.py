"""A run that several processes carry out: they meet, and the chief's directory is the one that counts."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from dsd_tf.errors import UsageError
from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.files import write_bytes
from dsd_tf.settings import Settings
from dsd_tf.workers.cluster import Cluster
from dsd_tf.workers.meeting import meet
from dsd_tf.workers.team import Team


@dataclasses.dataclass(frozen=True)
class Share:
    """One process's share of a run: with whom, what and where it is to `run`."""

    team: Team
    settings: Settings
    path: str


@contextlib.contextmanager
def share_of(settings: Settings, path: str, cluster: Cluster | None, on_loss: Callable[[str], None]) -> Iterator[Share]:
    """Meet the other workers, if there is a `cluster`; the block is the run.

    The chief runs in `path`. The others need not see it: they are sent what it holds of the run so far, and work in a
    directory of their own, under the system's temporary one, that goes when the block ends. They write no checkpoints.

    Args:
        on_loss: called in a thread with a line that says who was lost; has to end the process.

    Raises:
        UsageError: if the workers cannot start together.
    """
    if cluster is None:
        yield Share(Team.of_one(), settings, path)
        return
    with _Copy(cluster) as copy:
        connections = meet(cluster, settings.identity(), settings.worker_timeout)

        def lost(message: str) -> None:
            copy.remove()
            on_loss(f"{message}; start all workers again to go on from the last checkpoint")

        with Team(cluster, connections, settings.worker_timeout, lost) as team:
            if team.is_chief:
                _send_begun(team, settings, path)
                yield Share(team, settings, path)
            else:
                _receive_begun(team, copy.make())
                yield Share(team, dataclasses.replace(settings, checkpoint_seconds=math.inf), str(copy.path))


class _Copy(contextlib.AbstractContextManager):
    """A directory of a worker's own. There is one for its address, so that nothing is left of a killed one for long."""

    def __init__(self, cluster: Cluster):
        name = f"dsd_tf-{os.getuid()}-{cluster.own.replace(':', '-')}"
        self.path = Path(tempfile.gettempdir()) / name
        self._made = False

    def make(self) -> Path:
        # not before the address is known to be ours: that of another worker is in use
        self._made = True
        self.remove()
        try:
            self.path.mkdir(mode=0o700)
        except OSError as error:
            raise UsageError(f"cannot make {self.path} for this worker's copy of the run: {error.strerror}") from None
        return self.path

    def remove(self) -> None:
        if self._made:
            shutil.rmtree(self.path, ignore_errors=True)

    def __exit__(self, *error: object) -> None:
        self.remove()


def _send_begun(team: Team, settings: Settings, path: str) -> None:
    with RunDirectory(path, settings) as directory:
        files = directory.begun()
        for file in files:
            team.tell({"file": str(file.relative_to(path))}, file.read_bytes())
    team.tell({"files": len(files)})


def _receive_begun(team: Team, own: Path) -> None:
    while True:
        message, content = team.hear()
        if "file" not in message:
            return
        write_bytes(own / message["file"], content)
