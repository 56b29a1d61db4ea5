"""Curves digitised from published figures; levels their tables leave out are interpolated."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.analysis.ladder import Curve

_LEVELS = [0, 1, 3, 4, 6, *range(8, 25)]

# He et al. 2022, figure 1: 20 % noisy labels, lottery-ticket rewinding, global magnitude pruning of 20 % per level
_SDD = {
    "mnist": (
        _LEVELS,
        [83.4, 83.5, 82.3, 82.1, 81.6, 80.0, 78.5, 76.5, 77.4, 81.6, 85.8, 88.7, 91.1, 92.7, 94.0, 95.0, 95.3, 95.4]
        + [95.1, 94.5, 92.9, 86.4],
        [100] * 7 + [95.2, 90.8, 86.7, 83.8, 82.2, 81.2, 80.5, 80.2, 79.8, 79.6, 79.2, 78.7, 77.8, 76.4, 70.9],
    ),
    "cifar10": (
        [*_LEVELS, 25, 26, 27],
        [83.3, 83.2, 83.5, 83.2, 82.7, 82.6, 82.3, 82.1, 81.7, 81.4, 81.6, 81.2, 80.8, 80.3, 79.5, 78.0, 80.0, 83.9]
        + [86.1, 87.1, 87.6, 87.7, 87.2, 87.0, 86.1],
        [100] * 5 + [99.9] * 5 + [99.8, 99.8, 99.7, 99.5, 99.0, 96.1, 88.5, 84.9, 82.7, 81.3, 80.2, 78.9]
        + [77.9, 76.7, 75.3],
    ),
    "cifar100": (
        [*_LEVELS, 25],
        [60.4, 60.8, 61.2, 61.2, 61.2, 60.8, 61.2, 61.0, 60.6, 60.2, 59.5, 58.8, 57.7, 54.0, 55.3, 56.8, 58.5, 59.3]
        + [59.8, 59.0, 58.2, 55.7, 54.8],
        [100] * 12 + [99.9, 94.1, 83.9, 76.9, 71.4, 66.7, 63.2, 60.3, 57.0, 53.0, 50.7],
    ),
}  # fmt: skip

# Quetu & Tartaglione 2024, the figure in their repository: test accuracy of VGG-like, without and with distillation
_TEASER_LEVELS = [0, 3, 5, 9, 10, 11, 13, 15, 17, 19, 20, 22, 24, 26, 28]
_TEASER = {
    "vanilla": [46.2, 47.1, 47.1, 45.8, 45.4, 44.9, 43.4, 42.1, 41.4, 43.7, 44.5, 46.8, 48.1, 46.5, 43.3],
    "distilled": [65.3, 65.6, 65.6, 65.8, 65.5, 65.2, 64.1, 63.1, 62.2, 61.4, 60.6, 58.9, 55.7, 50.8, 44.1],
}


@pytest.fixture
def published():
    """Panel of He et al.'s figure -> its curve."""

    def curve(panel: str) -> Curve:
        levels, test, train = _SDD[panel]
        every = range(levels[-1] + 1)
        test, train = (np.interp(every, levels, values) / 100 for values in (test, train))
        return Curve([1 - 0.8**level for level in every], test.tolist(), train.tolist())

    return curve


@pytest.fixture
def teaser():
    """Curve of the teaser -> test accuracy of every level, as shares."""
    every = range(_TEASER_LEVELS[-1] + 1)
    return {name: (np.interp(every, _TEASER_LEVELS, values) / 100).tolist() for name, values in _TEASER.items()}
