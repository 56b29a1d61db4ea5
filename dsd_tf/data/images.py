"""One split of an image set, decoded in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dsd_tf.errors import UsageError


@dataclass(frozen=True)
class Images:
    """Decoded images, their labels and, where the set names its examples, their names.

    images: uint8 [N, H, W, C]. labels: int32 [N], what training sees. ids: str [N] or None. clean_labels: int32 [N],
    the true labels where `labels` are noisy, else None.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray | None = None
    clean_labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: np.ndarray) -> Images:
        """The examples at `index`, in that order, as a copy."""
        ids, clean_labels = (None if part is None else part[index] for part in (self.ids, self.clean_labels))
        return Images(self.images[index], self.labels[index], ids, clean_labels)

    @property
    def wrong(self) -> np.ndarray:
        """Which labels are not the true ones, bool [N]."""
        return np.zeros(len(self), bool) if self.clean_labels is None else self.labels != self.clean_labels


def check_labels(labels: np.ndarray, num_classes: int, where: str) -> None:
    """Raises UsageError unless every label is in [0, num_classes)."""
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(wrong):
        first = wrong[0]
        raise UsageError(
            f"{where}: {len(wrong)} of {len(labels)} labels are outside [0, {num_classes}), "
            f"the first is {labels[first]} at index {first}"
        )
