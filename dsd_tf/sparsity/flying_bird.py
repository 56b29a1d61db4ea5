"""Flying Bird+: numbers of weights that follow how a network generalises (Chen et al. 2022, "Sparsity Winning Twice").

The constants are those of the released code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

EPOCHS, SHARE = 4, 0.5
EXTRA_DROP, EXTRA_GROWTH = 0.4, 0.05


def extra_changes(epochs: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """What an update drops and grows beyond the usual, as shares of the weights that it drops anyway.

    A network that overfits is made smaller: one whose training accuracy drew away from its validation accuracy in at
    least half of the last four epochs. One that stalls is made larger: one whose validation accuracy did not rise in
    half of them (the released code watches the validation loss instead). Both may be. Nothing is done before there are
    figures of five epochs.

    Args:
        epochs: figures by epoch: train_accuracy and validation_accuracy, or validation_robust_accuracy where training
            is adversarial; epochs without are passed over.
    """
    pairs = [(epoch["train_accuracy"], accuracy) for epoch in epochs if (accuracy := _validated(epoch)) is not None]
    recent = pairs[-EPOCHS - 1 :]
    if len(recent) <= EPOCHS:
        return 0.0, 0.0
    apart = sum(after[0] - after[1] > before[0] - before[1] for before, after in pairwise(recent))
    stalled = sum(after[1] <= before[1] for before, after in pairwise(recent))
    return EXTRA_DROP * (apart >= SHARE * EPOCHS), EXTRA_GROWTH * (stalled >= SHARE * EPOCHS)


def _validated(epoch: Mapping[str, float]) -> float | None:
    return epoch.get("validation_robust_accuracy", epoch.get("validation_accuracy"))
