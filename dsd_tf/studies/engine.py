"""What carries out runs: here, or on many machines. A study knows engines by this alone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dsd_tf.settings import Settings
from dsd_tf.studies.directory import StudyRun


@dataclass(frozen=True)
class EngineOptions:
    """How much an engine may use: `workers` processes of this machine; or the Ray cluster at an address (empty:
    $RAY_ADDRESS, or this machine as a cluster of one), and what of its CPUs and GPUs a run takes."""

    workers: int = 1
    ray_address: str = ""
    run_cpus: float = 1.0
    run_gpus: float = 0.0


@dataclass(frozen=True)
class Reached:
    """A run has done so many of its steps."""

    run: StudyRun
    steps: int
    total: int


@dataclass(frozen=True)
class Finished:
    """A run's directory is complete."""

    run: StudyRun


@dataclass(frozen=True)
class Failed:
    """A run cannot be carried out, or not to its end; the error in one line."""

    run: StudyRun
    error: str


@dataclass(frozen=True)
class Lost:
    """What carried out a run is gone, for reasons that may not be the run's; it can be started again."""

    run: StudyRun
    error: str


Event = Reached | Finished | Failed | Lost


class Engine(Protocol):
    """Carries out runs, `slots` at a time. All of them see the study's directory under the same path.

    A class of this form, made with `EngineOptions`, is an engine when `dsd_tf.registry.ENGINES` names it.
    """

    slots: int

    def start(self, run: StudyRun) -> None:
        """Begin a run, or go on with it."""

    def wait(self) -> Sequence[Event]:
        """Wait until something happens to the runs that were started; what it was."""

    def stop(self) -> None:
        """Stop everything; what was under way can be gone on with."""


def devices(settings: Settings) -> Hashable:
    """What TensorFlow sets up once per process: runs that differ in it need processes of their own."""
    return settings.strategy, settings.replicas if settings.strategy == "mirrored" else 0
