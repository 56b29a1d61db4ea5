"""Who takes part in a run on several machines, as the environment variable TF_CONFIG says it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from dsd_tf.errors import UsageError

VARIABLE = "TF_CONFIG"
_EXAMPLE = '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
_JOBS = ("chief", "worker")


@dataclass(frozen=True)
class Cluster:
    """`workers` are addresses "host:port", the chief's first; this process is the one at `index`."""

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @property
    def own(self) -> str:
        """The address of this process."""
        return self.workers[self.index]

    def name(self, index: int) -> str:
        """How messages call a worker."""
        return f"worker {index} ({self.workers[index]}{', the chief' if index == 0 else ''})"

    @classmethod
    def parse(cls, text: str) -> Cluster:
        """The cluster that a value of TF_CONFIG describes. A "chief" job, if there is one, is its first worker.

        Raises:
            UsageError: if it is not what TensorFlow takes, or has jobs that this program has no use for.
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _malformed(f"is not JSON: {error}") from None
        jobs, task = _part(value, "cluster"), _part(value, "task")
        if unknown := sorted(jobs.keys() - set(_JOBS)):
            raise _malformed(f"has the job {unknown[0]!r} in its cluster, known are {' and '.join(_JOBS)}")
        addresses = {job: _addresses(jobs, job) for job in _JOBS if job in jobs}
        workers = [address for job in _JOBS for address in addresses.get(job, ())]
        if len(set(workers)) < len(workers):
            raise _malformed("names the same address twice")
        job, index = task.get("type"), task.get("index")
        if not isinstance(job, str) or job not in addresses:
            raise _malformed(f"has the task type {job!r}, which its cluster has not")
        if type(index) is not int or not 0 <= index < len(addresses[job]):
            raise _malformed(f"has the task index {index!r} among {len(addresses[job])} of {job!r}")
        return cls(tuple(workers), index + (len(addresses.get("chief", ())) if job == "worker" else 0))


def cluster_of(strategy: str) -> Cluster | None:
    """The cluster a run is to train on by its `--strategy`; None if this process is to train by itself.

    Raises:
        UsageError: if TF_CONFIG is asked for and not set, or malformed.
    """
    text = os.environ.get(VARIABLE, "") if strategy in ("auto", "multi_worker") else ""
    if strategy == "multi_worker" and not text:
        raise UsageError(f"--strategy=multi_worker needs {VARIABLE} in the environment, as in '{_EXAMPLE}'")
    cluster = Cluster.parse(text) if text else None
    return cluster if cluster and len(cluster.workers) > 1 else None


def host_and_port(address: str) -> tuple[str, int]:
    """("host", 2222) of "host:2222"; an IPv6 host stands in brackets."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _part(value: Any, key: str) -> dict[str, Any]:
    part = value.get(key) if isinstance(value, dict) else None
    if not isinstance(part, dict):
        raise _malformed(f"has no object {key!r}")
    return part


def _addresses(jobs: dict[str, Any], job: str) -> list[str]:
    addresses = jobs[job]
    if not isinstance(addresses, list) or not addresses:
        raise _malformed(f"has {addresses!r} for the job {job!r}, not a list of addresses")
    for address in addresses:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not _is_name(host) or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65536:
            raise _malformed(f"has the address {address!r}, not host:port")
    return addresses


def _is_name(host: str) -> bool:
    """Whether it may be the name of a machine, or its number."""
    try:
        return bool(host.encode("idna")) and "/" not in host
    except UnicodeError:
        return False


def _malformed(problem: str) -> UsageError:
    return UsageError(f"{VARIABLE} {problem}; it has to be as in '{_EXAMPLE}'")
