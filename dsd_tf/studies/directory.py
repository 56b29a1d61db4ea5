"""The files of a study, and the only place that builds their paths.

study.json              the axes, the variants, and every run's place among them
runs/NAME/              the run directories
logs/NAME.log           what a run had to say
study.csv, levels.csv   one line per run, one line per phase of each run
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.experiment.run_directory import RunDirectory, export_path, load_settings
from dsd_tf.files import lock, read_json, write_json
from dsd_tf.settings import Settings, split
from dsd_tf.studies.grid import SEED, VARIANT, Grid, Point
from dsd_tf.studies.names import run_name
from dsd_tf.studies.values import format_value


@dataclass(frozen=True)
class StudyRun:
    """One run of a study: its directory and log, its place on the axes, the names of the runs it starts from."""

    name: str
    path: str
    log: str
    axes: Mapping[str, Any]
    settings: Settings
    needs: tuple[str, ...]

    @property
    def summary(self) -> dict[str, Any] | None:
        """The content of its summary.json; None if it is not complete or lacks something to export."""
        summary = RunDirectory(self.path, self.settings).result()
        if summary is None:
            return None
        phase = summary["results"]["final"]["phase"]
        exports = (export_path(self.path, phase, name) for name in split(self.settings.export))
        return summary if all(path.exists() for path in exports) else None

    @property
    def begun(self) -> bool:
        """Whether there is something of it."""
        return RunDirectory(self.path, self.settings).config.exists()


class StudyDirectory:
    """The directory of a study. Below the working directory it is named relative to that, however it was given."""

    def __init__(self, path: str | Path):
        absolute, here = Path(os.path.abspath(path)), Path.cwd()
        self.path = absolute.relative_to(here) if absolute.is_relative_to(here) else absolute

    def plan(self, grid: Grid) -> list[StudyRun]:
        """The runs of the grid. Writes nothing.

        A directory that already holds a run of the same configuration is that run's, whatever its name: runs made
        before an axis had several values, or while there were other ones, are found again.

        Raises:
            UsageError: for settings that cannot be, two runs of one configuration, or a directory of another one.
        """
        stored = self._stored()
        runs: dict[str, StudyRun] = {}
        for point in grid.ordered():
            targets = {setting: runs[grid.target(point, setting).name] for setting in point.references}
            runs[point.name] = self._run(point, targets, stored)
        _check_different(runs.values())
        return [runs[name] for name in grid.points]

    def _run(self, point: Point, targets: Mapping[str, StudyRun], stored: Mapping[str, str]) -> StudyRun:
        paths = {setting: target.path + point.references[setting].rest for setting, target in targets.items()}
        settings = Settings(**point.values | paths)
        key = _key(settings)
        name = stored.get(key, point.name)
        path = str(self._runs / name)
        if key not in stored:
            with RunDirectory(path, settings):
                pass  # refuses a directory that holds something else
        needs = tuple(dict.fromkeys(target.name for target in targets.values()))
        return StudyRun(name, path, str(self.path / "logs" / f"{name}.log"), point.axes, settings, needs)

    def _stored(self) -> dict[str, str]:
        """The names of the runs that are there, by their configurations."""
        found = {}
        for config in sorted(self._runs.glob("*/config.json")):
            with contextlib.suppress(UsageError):
                found[_key(load_settings(config.parent))] = config.parent.name
        return found

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the directory; in the block it is locked against other processes.

        Raises:
            UsageError: if it cannot be made, or is in use.
        """
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make --study_dir={self.path}: {error.strerror}") from error
        descriptor = lock(self.path, "study_dir")
        try:
            yield
        finally:
            os.close(descriptor)

    def describe(self, grid: Grid, runs: Sequence[StudyRun]) -> None:
        """Write study.json."""
        content = {
            "axes": grid.axes,
            "variants": {name: values for name, values in grid.variants.items() if name},
            "runs": {run.name: {"axes": run.axes, "needs": run.needs} for run in runs},
        }
        write_json(self.path / "study.json", content)

    @property
    def study_csv(self) -> Path:
        return self.path / "study.csv"

    @property
    def levels_csv(self) -> Path:
        return self.path / "levels.csv"

    @property
    def _runs(self) -> Path:
        return self.path / "runs"


def run_labels(path: str | Path) -> dict[str, str]:
    """What a study calls the configuration of each of its runs, by the run's path; empty if `path` is no study's.

    It is the run's place on the axes but the seed's.
    """
    place = Path(path)
    if not (place / "study.json").exists():
        return {}
    runs = read_json(place / "study.json")["runs"]
    return {str(place / "runs" / name): _label(run["axes"]) for name, run in runs.items()}


def _label(axes: Mapping[str, Any]) -> str:
    variant = [axes[VARIANT]] if VARIANT in axes else []
    others = [f"{axis}={format_value(value)}" for axis, value in axes.items() if axis not in (VARIANT, SEED)]
    return ", ".join(variant + others)


def _key(settings: Settings) -> str:
    return json.dumps(settings.identity(), sort_keys=True)


def _check_different(runs: Iterable[StudyRun]) -> None:
    seen: dict[str, StudyRun] = {}
    for run in runs:
        same = seen.setdefault(_key(run.settings), run)
        if same is not run:
            raise UsageError(f"{run_name(same.axes)} and {run_name(run.axes)} are one run: they have the same settings")
