"""Runs on a Ray cluster: every run is a task with resources; a node that is lost takes none of them along."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.files import lock
from dsd_tf.settings import Settings
from dsd_tf.studies import worker
from dsd_tf.studies.directory import StudyRun
from dsd_tf.studies.engine import EngineOptions, Event, Failed, Finished, Lost, Reached, devices

try:
    import ray
    from ray.util.queue import Empty, Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError:
    raise UsageError("--engine=ray: Ray is not installed; run: pip install ray") from None

# times a task is started anew when its node or its process is gone, before the run counts as lost
_RETRIES = 3
_SECONDS_TO_CONNECT = 5.0
_DIGITS = 4
_SECONDS_BETWEEN_LOOKS = 0.2
# a process on a lost node may hold the run's directory a little longer
_SECONDS_TO_GIVE_WAY = 60.0


class RayEngine:
    """Runs as tasks of a Ray cluster; Ray decides where and when.

    Every node has to see this project, its Python and the study under the same paths. Processes are kept for the runs
    to come, so that TensorFlow is imported once for many.

    Raises:
        UsageError: if the cluster cannot be reached, or has no node that is large enough for a run.
    """

    slots = sys.maxsize

    def __init__(self, options: EngineOptions):
        _check_digits(options.run_cpus, options.run_gpus)
        _connect(options.ray_address)
        _check_resources(options.run_cpus, options.run_gpus)
        # what Ray has to say of nodes that are lost it says on standard output, where results are to stand
        self._redirected = contextlib.redirect_stdout(sys.stderr)
        self._redirected.__enter__()
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._reports = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        self._carry_out = ray.remote(
            num_cpus=options.run_cpus,
            num_gpus=options.run_gpus,
            max_retries=_RETRIES,
            max_calls=worker.RUNS_PER_PROCESS,
        )(_carry_out)
        self._runs: dict[ray.ObjectRef, StudyRun] = {}

    def start(self, run: StudyRun) -> None:
        task = {"settings": run.settings, "path": run.path, "log": run.log, "folder": os.getcwd()}
        environment = self._carry_out.options(name=run.name, runtime_env={"env_vars": _environment(run.settings)})
        self._runs[environment.remote(task, self._reports)] = run

    def wait(self) -> list[Event]:
        while True:
            done, _ = ray.wait(list(self._runs), timeout=_SECONDS_BETWEEN_LOOKS)
            events = [*self._reached(), *(self._ended(reference) for reference in done)]
            if events:
                return events

    def stop(self) -> None:
        for reference in self._runs:
            ray.cancel(reference, force=True)
        ray.shutdown()
        self._redirected.__exit__(None, None, None)

    def _reached(self) -> list[Event]:
        active = {run.path: run for run in self._runs.values()}
        events = []
        with contextlib.suppress(Empty):
            while True:
                path, steps, total = self._reports.get_nowait()
                if path in active:
                    events.append(Reached(active[path], steps, total))
        return events

    def _ended(self, reference: ray.ObjectRef) -> Event:
        run = self._runs.pop(reference)
        try:
            error = ray.get(reference)
        except ray.exceptions.RayTaskError as failure:
            return Failed(run, " ".join(str(failure.cause).split()))
        except ray.exceptions.RayError as failure:
            return Lost(run, f"Ray lost it: {str(failure).splitlines()[0]}")
        return Failed(run, error) if error else Finished(run)


def _connect(address: str) -> None:
    if address:
        _check_listening("--ray_address", address)
    else:
        _check_listening("RAY_ADDRESS", os.environ.get("RAY_ADDRESS", ""))
    try:
        # a dashboard can only be wanted or not where the cluster is begun
        ray.init(
            address=address or None,
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level="error",
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(f"--ray_address={address}: {str(error).splitlines()[0]}") from None


def _check_listening(given: str, address: str) -> None:
    """Raises UsageError unless something listens there: Ray would wait for it for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"no Ray cluster at {given}={address} ({error}); give HOST:PORT or auto") from None


def _check_digits(cpus: float, gpus: float) -> None:
    for name, count in (("cpus", cpus), ("gpus", gpus)):
        if round(count, _DIGITS) != count:
            raise UsageError(f"--run_{name}={count:g}: Ray counts {_DIGITS} digits behind the point")


def _check_resources(cpus: float, gpus: float) -> None:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        raise UsageError(f"no node of the Ray cluster has --run_cpus={cpus:g} and --run_gpus={gpus:g}")


def _environment(settings: Settings) -> dict[str, str]:
    """Environment variables of the processes that may take a run; Ray has others for every other set of them."""
    return worker.environment() | {"TF_CPP_MIN_LOG_LEVEL": "3", "DSD_TF_DEVICES": repr(devices(settings))}


def _carry_out(task: dict[str, Any], reports: Queue) -> str | None:
    """What a node does: the run, from where it stopped; returns the error of one that fails."""
    os.chdir(task["folder"])
    worker.write_to(Path(task["log"]))
    _wait_until_free(Path(task["path"]))

    def tell(message: dict[str, Any]) -> None:
        reports.put((task["path"], message["steps"], message["total"]))

    return worker.carry_out(task["settings"], task["path"], tell)


def _wait_until_free(path: Path) -> None:
    """Wait for a process that Ray has given up to let go of a run's directory; if it does not, the run says so."""
    until = time.monotonic() + _SECONDS_TO_GIVE_WAY
    while path.exists() and time.monotonic() < until:
        with contextlib.suppress(UsageError):
            os.close(lock(path, "run_dir"))
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)
