"""How hard the training examples of a set are, on file, and which of them to train on by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsd_tf.data.known import base_name
from dsd_tf.data.splits import share_of
from dsd_tf.errors import UsageError
from dsd_tf.files import read_arrays, write_arrays


@dataclass(frozen=True)
class Difficulty:
    """Scores of training examples: the higher, the harder.

    dataset: the set's name without version. set_size: training examples of the whole set. score: what was measured.
    names: the examples' ids, or their positions where the set has no ids, str [N]. scores: float64 [N], finite.
    """

    dataset: str
    set_size: int
    score: str
    names: np.ndarray
    scores: np.ndarray

    def save(self, path: Path) -> None:
        """Write an .npz file, whole or not at all."""
        write_arrays(path, {name: np.asarray(value) for name, value in vars(self).items()})

    @classmethod
    def load(cls, path: Path) -> Difficulty:
        """Raises UsageError for a file that is absent, damaged, or holds something else."""
        stored = read_arrays(path)
        if stored.keys() != cls.__dataclass_fields__.keys():
            raise UsageError(f"{path} does not hold the scores of bin/difficulty")
        names, scores = stored["names"], stored["scores"].astype(np.float64)
        if not names.size or names.ndim != 1 or names.shape != scores.shape or not np.isfinite(scores).all():
            raise UsageError(f"{path} does not hold one finite score for each of its examples")
        return cls(str(stored["dataset"]), int(stored["set_size"]), str(stored["score"]), names, scores)

    def of(self, names: np.ndarray) -> np.ndarray:
        """The scores of the examples of these names, float64; UsageError, with a count, where there are none."""
        order = np.argsort(self.names)
        found = order[np.searchsorted(self.names, names, sorter=order).clip(max=len(order) - 1)]
        missing = np.count_nonzero(self.names[found] != names)
        if missing:
            raise UsageError(
                f"{missing:,} of the {len(names):,} training examples have no score: give the --validation_fraction, "
                "--data_seed and size of training set that the scored networks had"
            )
        return self.scores[found]


@dataclass(frozen=True)
class Subset:
    """Which examples to train on: the hardest or the easiest, by the scores in a file.

    `hardest` and `easiest` are shares, one of them 0; `stratified` takes that share of every class. The easiest are
    those that the hardest leave.

    Raises UsageError unless exactly one share is in (0, 1].
    """

    file: str
    hardest: float
    easiest: float
    stratified: bool

    def __post_init__(self):
        shares = [share for share in (self.hardest, self.easiest) if share]
        if len(shares) != 1 or not 0 < shares[0] <= 1:
            raise UsageError(
                f"--train_subset={self.file} needs a share in (0, 1] as either --hardest or --easiest, "
                f"got --hardest={self.hardest:g} --easiest={self.easiest:g}"
            )

    def pick(self, names: np.ndarray, labels: np.ndarray, dataset: str, set_size: int) -> np.ndarray:
        """Sorted positions of the chosen ones among the training examples of these names and labels.

        Raises UsageError for scores of another set, or of other examples, and for a share that leaves nothing.
        """
        difficulty = Difficulty.load(Path(self.file))
        if (difficulty.dataset, difficulty.set_size) != (base_name(dataset), set_size):
            raise UsageError(
                f"--train_subset={self.file} has scores for {difficulty.dataset!r} of {difficulty.set_size:,} training "
                f"examples, the data set is {base_name(dataset)!r} of {set_size:,}"
            )
        scores = difficulty.of(names)
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)] if self.stratified else [...]
        positions = np.arange(len(names))
        picked = np.sort(np.concatenate([positions[group][self._choose(scores[group])] for group in groups]))
        if not len(picked):
            raise UsageError(f"--train_subset={self.file}: that share of {len(names):,} examples is none at all")
        return picked

    def _choose(self, scores: np.ndarray) -> np.ndarray:
        """Positions of the hardest or easiest; of equally hard ones the first counts as the hardest."""
        hardest_first = np.argsort(-scores, kind="stable")
        if self.hardest:
            return hardest_first[: share_of(len(scores), self.hardest)]
        return hardest_first[len(scores) - share_of(len(scores), self.easiest) :]
