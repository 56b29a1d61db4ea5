"""How a network takes the noisy labels it was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dsd_tf.data.images import Images


@dataclass(frozen=True)
class NoiseFit:
    """rate: share of training labels that are wrong. clean_accuracy: share of the other examples predicted right.

    Of the wrongly labelled examples, `noisy_fitted_given` is the share predicted as labelled, which is memorising, and
    `noisy_fitted_true` the share predicted as what they are. A share of no examples is None.
    """

    rate: float
    clean_accuracy: float | None
    noisy_fitted_given: float | None
    noisy_fitted_true: float | None


def noise_fit(predictions: np.ndarray, images: Images) -> NoiseFit:
    """The split of `predictions`, classes int [N], of images with noisy labels."""
    wrong, as_given, as_is = images.wrong, predictions == images.labels, predictions == images.clean_labels
    return NoiseFit(float(wrong.mean()), _share(as_given[~wrong]), _share(as_given[wrong]), _share(as_is[wrong]))


def _share(hits: np.ndarray) -> float | None:
    return float(hits.mean()) if len(hits) else None
