"""The files of a run, and the only place that builds their paths.

    config.json           every setting and version; written first
    metrics.jsonl         one line per epoch
    levels.jsonl          one line per finished phase
    phases/NAME.npz       what a phase ended with: weights, its record and its epochs; NAME.masks.npz its masks
    checkpoints/N.npz     the state inside an unfinished phase, the newest two
    rewind.npz            the weights remembered for rewinding
    model.keras           the last phase's network
    accuracy_vs_sparsity.png, summary.json    written at the end
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.files import read_json, write_json, write_text
from dsd_tf.settings import Settings


class RunDirectory:
    """A run's directory, made or re-opened for one configuration, and locked while this process uses it.

    Raises:
        UsageError: if the directory belongs to another configuration (names the differing flags), holds something
            else, or is in use by another process.
    """

    def __init__(self, path: str | Path, settings: Settings, versions: Mapping[str, str]):
        self.path = Path(path)
        if not self.config.exists() and any(self.path.glob("[!.]*")):
            raise UsageError(f"--run_dir={self.path} holds other files and no config.json; name a new directory")
        if self.config.exists():
            self._check(settings)
        else:
            write_json(self.config, {"settings": settings.identity(), "versions": dict(versions)})
        self._lock = open(self.path / ".lock", "w")  # noqa: SIM115 - held for the life of the process
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"--run_dir={self.path} is in use by another process") from None

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def levels(self) -> Path:
        return self.path / "levels.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def rewind(self) -> Path:
        return self.path / "rewind.npz"

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    @property
    def plot(self) -> Path:
        return self.path / "accuracy_vs_sparsity.png"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    def phase(self, name: str) -> Path:
        return phase_path(self.path, name)

    def masks(self, name: str) -> Path:
        return masks_path(self.path, name)

    def _check(self, settings: Settings) -> None:
        stored, asked = read_json(self.config)["settings"], settings.identity()
        differing = [name for name in sorted(asked) if stored.get(name) != asked[name]]
        if differing:
            values = ", ".join(f"--{name}={asked[name]} (was {stored.get(name)})" for name in differing)
            raise UsageError(f"--run_dir={self.path} belongs to another configuration: {values}; name another --run_dir")


def phase_path(run: str | Path, name: str) -> Path:
    """Where a run keeps what its phase `name` ended with."""
    return Path(run) / "phases" / f"{name}.npz"


def masks_path(run: str | Path, name: str) -> Path:
    """Where a run keeps the masks its phase `name` ended with."""
    return Path(run) / "phases" / f"{name}.masks.npz"


def load_settings(run: str | Path) -> Settings:
    """The settings of an existing run; UsageError if `run` is not one."""
    config = Path(run) / "config.json"
    if not config.exists():
        raise UsageError(f"{run} is not a run directory: it has no config.json")
    return Settings(**read_json(config)["settings"])


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write JSON lines, whole or not at all."""
    write_text(path, "".join(json.dumps(record, sort_keys=True) + "\n" for record in records))


def default_name(settings: Settings) -> str:
    """A readable directory name: data set, network, method and its target, seed."""
    parts = [settings.dataset, settings.model]
    if settings.width != 1:
        parts[-1] += f"x{settings.width:g}"
    parts.append(settings.method)
    if settings.method in ("iterative", "one_shot"):
        parts.append(settings.retrain)
    if settings.method == "iterative" and settings.rounds:
        parts.append(f"{settings.rounds}rounds")
    elif settings.method != "dense":
        parts.append(f"s{settings.sparsity:g}")
    return "-".join([*parts, f"seed{settings.seed}"])
