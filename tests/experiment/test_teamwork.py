"""Workers carry out one run: it is the chief's directory that counts, and others need not see it."""

from __future__ import annotations

import math
import queue
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.experiment.teamwork import share_of
from dsd_tf.settings import Settings
from dsd_tf.workers.cluster import Cluster

SETTINGS = Settings(strategy="multi_worker", worker_timeout=60)


@pytest.fixture
def pair(monkeypatch, tmp_path):
    """What the chief and the other of two workers know of their cluster; there is a temporary folder for the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "system"))
    (tmp_path / "system").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        workers = tuple(f"127.0.0.1:{server.getsockname()[1]}" for server in (one, other))
    return [Cluster(workers, index) for index in (0, 1)]


def take_part(cluster, path, act, settings=SETTINGS, on_loss=lambda message: None):
    with share_of(settings, str(path), cluster, on_loss) as share:
        return act(share)


def both(pair, path, act):
    """What `act` returns, given the share of the chief and that of the other."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda cluster: take_part(cluster, path, act), pair))


def begin(path: Path):
    """What a run leaves that was killed while it wrote a checkpoint."""
    with RunDirectory(path, SETTINGS) as directory:
        directory.create({}, {})
        for file in (directory.phase("dense"), directory.checkpoints / "000001.npz", directory.metrics):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(file.name.encode())
        (directory.checkpoints / ".tmp-1-000002.npz").write_bytes(b"half")


def test_the_other_worker_has_a_copy_of_what_the_run_goes_on_from_and_leaves_nothing(pair, tmp_path):
    begin(tmp_path / "run")

    def files(share):
        root = Path(share.path)
        return root, {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*.*") if file.is_file()}

    (chief, _), (other, copied) = both(pair, tmp_path / "run", files)
    assert chief == tmp_path / "run"
    config = (chief / "config.json").read_bytes()
    assert copied == {"config.json": config, "phases/dense.npz": b"dense.npz", "checkpoints/000001.npz": b"000001.npz"}
    assert other.parent == tmp_path / "system"
    assert not other.exists()


def test_only_the_chief_writes_checkpoints(pair, tmp_path):
    assert both(pair, tmp_path / "run", lambda share: share.settings.checkpoint_seconds) == [10.0, math.inf]


def test_a_directory_of_another_configuration_is_the_chiefs_to_refuse(pair, tmp_path):
    begin(tmp_path / "run")
    other = Settings(strategy="multi_worker", lr=0.2)
    lost: queue.SimpleQueue[str] = queue.SimpleQueue()
    arguments = tmp_path / "run", lambda share: None, other
    # it waits for the chief for good: `on_loss` should end its process
    threading.Thread(target=take_part, args=(pair[1], *arguments, lost.put), daemon=True).start()
    with pytest.raises(UsageError, match="belongs to another configuration: --lr=0.2") as error:
        take_part(pair[0], *arguments)
    assert lost.get(timeout=30) == (
        f"worker 0 ({pair[0].own}, the chief) has ended: {error.value}; "
        "start all workers again to go on from the last checkpoint"
    )


def test_a_process_by_itself_has_all_of_the_run(tmp_path):
    with share_of(Settings(), str(tmp_path), None, lambda message: None) as share:
        assert (share.team.is_alone, share.settings, share.path) == (True, Settings(), str(tmp_path))
