"""The files of a run, and the only place that builds their paths.

config.json           every setting and version; written first
metrics.jsonl         one line per epoch
levels.jsonl          one line per finished phase
phases/NAME.npz       what a phase ended with: weights, its record and its epochs; NAME.masks.npz its masks
learning/NAME/N.npz   which training examples were right after epoch N, with --record_learning
search/NAME/N.npz     what every generation of epoch N came to, with --method=edropout
checkpoints/N.npz     the state inside an unfinished phase, the newest two
rewind.npz            the weights remembered for rewinding
model.keras           the last phase's network
accuracy_vs_sparsity.png, summary.json    written at the end
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.export.endings import ENDINGS
from dsd_tf.files import lock, read_json, remove_temporary, write_json, write_text
from dsd_tf.settings import Settings


class RunDirectory:
    """The directory of a run of one configuration; in a `with` block it is locked against other processes.

    Entering raises UsageError if it belongs to another configuration (names the differing flags), holds something
    else, or is in use. What does not exist yet is not made before `create`.
    """

    def __init__(self, path: str | Path, settings: Settings):
        self.path = Path(path)
        self._settings = settings
        self._lock: int | None = None

    def __enter__(self) -> RunDirectory:
        if self.path.exists():
            self._claim()
        return self

    def __exit__(self, *error: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def create(self, versions: Mapping[str, str], inputs: Mapping[str, str]) -> None:
        """Make the directory and write config.json, unless that was done before.

        inputs: flag -> SHA-256 of the file it names. Raises UsageError if the directory cannot be made, and if an
        input is another file than the run began with.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make --run_dir={self.path}: {error.strerror}") from error
        if self._lock is None:
            self._claim()
        remove_temporary(self.path)
        if not self.config.exists():
            content = {"settings": self._settings.identity(), "versions": dict(versions), "inputs": dict(inputs)}
            write_json(self.config, content)
        stored = read_json(self.config).get("inputs", {})
        for name, digest in inputs.items():
            if stored.get(name) != digest:
                path = getattr(self._settings, name)
                raise UsageError(f"--{name}={path} is not what the run in {self.path} began with")

    def begun(self) -> list[Path]:
        """The files that a run which is not complete goes on from, in the directory that was locked or created."""
        folders = (self.path / "phases", self.checkpoints)
        files = [self.config, self.rewind, *(path for folder in folders for path in sorted(folder.glob("[!.]*.npz")))]
        return [path for path in files if path.exists()]

    def result(self) -> dict[str, Any] | None:
        """The content of summary.json; None if the run is not complete."""
        return read_json(self.summary) if self.summary.exists() else None

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

    def learning(self, phase: str, epoch: int) -> Path:
        return self.path / "learning" / phase / f"{epoch:05d}.npz"

    def search(self, phase: str, epoch: int) -> Path:
        return self.path / "search" / phase / f"{epoch:05d}.npz"

    def _claim(self) -> None:
        if not self.path.is_dir():
            raise UsageError(f"--run_dir={self.path} is not a directory")
        if self.config.exists():
            self._check()
        elif any(self.path.glob("[!.]*")):
            raise UsageError(f"--run_dir={self.path} holds other files and no config.json; name a new directory")
        self._lock = lock(self.path, "run_dir")

    def _check(self) -> None:
        # a run from before there was a setting has its default
        stored, asked = Settings.defaults() | _stored_settings(self.path), self._settings.identity()
        differing = [name for name in sorted(asked) if stored[name] != asked[name]]
        if differing:
            values = ", ".join(f"--{name}={asked[name]} (was {stored[name]})" for name in differing)
            raise UsageError(
                f"--run_dir={self.path} belongs to another configuration: {values}; name another --run_dir"
            )


def is_complete(run: str | Path) -> bool:
    """Whether a run has come to its end there."""
    return (Path(run) / "summary.json").exists()


def phase_path(run: str | Path, name: str) -> Path:
    """Where a run keeps what its phase `name` ended with."""
    return Path(run) / "phases" / f"{name}.npz"


def masks_path(run: str | Path, name: str) -> Path:
    """Where a run keeps the masks its phase `name` ended with."""
    return Path(run) / "phases" / f"{name}.masks.npz"


def export_path(run: str | Path, phase: str, format: str) -> Path:
    """Where a run keeps its network at the end of `phase` in an export format."""
    return Path(run) / "export" / f"{phase}{ENDINGS[format]}"


def load_settings(run: str | Path) -> Settings:
    """The settings of an existing run; UsageError if `run` is not one."""
    try:
        return Settings(**_stored_settings(Path(run)))
    except TypeError as error:
        raise UsageError(f"{run} was made by another version of dsd_tf: {error}") from error


def _stored_settings(run: Path) -> dict[str, Any]:
    config = run / "config.json"
    if not config.exists():
        raise UsageError(f"{run} is not a run directory: it has no config.json")
    content = read_json(config)
    if not isinstance(content, dict) or not isinstance(content.get("settings"), dict):
        raise UsageError(f"{run} is not a run directory: its config.json is not one of dsd_tf")
    return content["settings"]


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write JSON lines, whole or not at all."""
    write_text(path, "".join(json.dumps(record, sort_keys=True) + "\n" for record in records))


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Add one JSON line; UsageError if it cannot be written."""
    try:
        with open(path, "a", encoding="utf-8") as handle:
            handle.write(json.dumps(record, sort_keys=True) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


def default_name(settings: Settings) -> str:
    """A readable directory name: data set, network, method and its target, what makes examples hard, seed."""
    parts = [settings.dataset, settings.model]
    if settings.width != 1:
        parts[-1] += f"x{settings.width:g}"
    parts.append(settings.method)
    if settings.method in ("iterative", "one_shot"):
        parts.append(settings.retrain)
    if settings.method == "iterative" and settings.rounds:
        parts.append(f"{settings.rounds}rounds")
    elif settings.sparsity_from:
        parts.append("same_sparsity")
    elif settings.method not in ("dense", "edropout"):
        parts.append(f"s{settings.sparsity:g}")
    if settings.noise:
        rate = f"{settings.label_noise:g}" if settings.label_noise else ""
        parts.append(f"noise{rate}{settings.label_noise_kind}")
    if settings.subset:
        kind, share = ("hardest", settings.hardest) if settings.hardest else ("easiest", settings.easiest)
        parts.append(f"{kind}{share:g}")
    if settings.train_fraction != 1:
        parts.append(f"p{settings.train_fraction:g}")
    if settings.corruption:
        parts.append(settings.corruption.replace(":", ""))
    if settings.objective == "adversarial":
        parts.append(f"adversarial_{settings.attack_norm}")
    return "-".join([*parts, f"seed{settings.seed}"])
