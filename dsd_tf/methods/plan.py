"""An experiment as data: a list of phases. Methods write plans, the runner carries them out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dsd_tf.sparsity.schedules import PruningSchedule
from dsd_tf.sparsity.topology import Topology
from dsd_tf.training.learning_rate import LearningRate


@dataclass(frozen=True)
class Initial:
    """Fresh weights; `index` 0 is the initialisation of the run, others are independent of it."""

    index: int = 0

    def __str__(self) -> str:
        return "initial weights" if self.index == 0 else f"fresh weights #{self.index}"


@dataclass(frozen=True)
class FromFile:
    """The weights in a .keras file; layers that it lacks have the run's initialisation."""

    path: str

    def __str__(self) -> str:
        return f"weights in {self.path}"


@dataclass(frozen=True)
class EndOf:
    """The weights another phase ended with."""

    phase: str

    def __str__(self) -> str:
        return f"end of {self.phase}"


@dataclass(frozen=True)
class OfUnits:
    """The weights a phase that searched for units ended with: of all units, or of the `chosen` ones, others zero.

    What normalisation remembers is measured anew.
    """

    phase: str
    chosen: bool

    def __str__(self) -> str:
        return f"end of {self.phase}, {'chosen' if self.chosen else 'all'} units"


@dataclass(frozen=True)
class Remembered:
    """The weights the first phase had at its `remember` step."""

    def __str__(self) -> str:
        return "rewound weights"


@dataclass(frozen=True)
class AllWeights:
    """No weight is masked."""

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True)
class Nonzero:
    """Weights that are zero at the start of the phase are masked."""

    def __str__(self) -> str:
        return "zeros of the start"


@dataclass(frozen=True)
class Prune:
    """Prune what the end of a phase left, to `keep` weights in all or to `density` as the allocation shares it out."""

    phase: str
    keep: int | None = None
    density: float | None = None

    def __str__(self) -> str:
        target = f"{self.keep:,} weights" if self.density is None else f"density {self.density:.4g}"
        return f"prune {self.phase} to {target}"


@dataclass(frozen=True)
class Sparse:
    """Masks of `density` chosen at the weights the phase starts from, by a score that takes no training.

    `score` is "random", "magnitude", "snip", "grasp" or "synflow". With `resample` only the numbers per kernel are the
    score's; the places are drawn at random.
    """

    density: float
    score: str = "random"
    resample: bool = False

    def __str__(self) -> str:
        return f"{self.score} at density {self.density:.4g}" + (", places redrawn" if self.resample else "")


@dataclass(frozen=True)
class UnitMasks:
    """What does not lie between two units that a phase chose is masked."""

    phase: str

    def __str__(self) -> str:
        return f"units chosen in {self.phase}"


@dataclass(frozen=True)
class FromRun:
    """The masks a phase of another run ended with."""

    directory: str
    phase: str

    def __str__(self) -> str:
        return f"masks of {self.phase} in {self.directory}"


@dataclass(frozen=True)
class Phase:
    """One uninterrupted training: where weights and masks come from, how long, at what learning rate.

    `start` and `stop` are steps on the schedules of learning rate and data. The optimizer starts fresh, its step count
    at 0 as Adam's bias correction needs it for cleared slots. `schedule` changes the masks while the phase runs, or
    `topology` does, whose steps count from the phase's start. At step `remember` the weights are kept for `Remembered`.
    With a `freeze_epoch` units are searched for until then. One that `settles` ends before `stop` if the masks that
    pruning to this density would choose have settled. `level` and `sparsity` (the nominal one, None if it is
    whatever comes of it) are for the report; `role` tells what the phase is ("given", "dense", "sparse", "redense"). A
    phase without steps trains nothing: it is there for what follows to start from, and for the report.
    """

    name: str
    level: int
    role: str
    weights: Initial | FromFile | EndOf | OfUnits | Remembered
    masks: AllWeights | Nonzero | Prune | Sparse | UnitMasks | FromRun
    start: int
    stop: int
    learning_rate: LearningRate
    sparsity: float | None = 0.0
    schedule: PruningSchedule | None = None
    topology: Topology | None = None
    remember: int | None = None
    freeze_epoch: int | None = None
    settles: float | None = None


@dataclass(frozen=True)
class Facts:
    """What a method may know of the run it plans: steps per epoch, and the shapes of the prunable kernels by name."""

    steps_per_epoch: int
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def prunable(self) -> int:
        """Number of prunable weights."""
        return sum(math.prod(shape) for shape in self.shapes.values())
