"""Training accuracy on noisy labels, taken apart by hand."""

from __future__ import annotations

import numpy as np

from dsd_tf.data.images import Images
from dsd_tf.training.noise_fit import NoiseFit, noise_fit


def noisy(given, true) -> Images:
    return Images(np.zeros((len(given), 1, 1, 1), np.uint8), np.array(given), clean_labels=np.array(true))


def test_right_and_wrong_labels_are_judged_apart():
    images = noisy(given=[0, 1, 2, 3, 0, 0, 0, 0], true=[0, 1, 2, 3, 1, 1, 1, 1])
    predictions = np.array([0, 1, 2, -1, 0, 1, 1, 5])
    assert noise_fit(predictions, images) == NoiseFit(
        rate=0.5, clean_accuracy=0.75, noisy_fitted_given=0.25, noisy_fitted_true=0.5
    )


def test_a_share_of_no_examples_is_none():
    predictions = np.array([0, 0])
    assert noise_fit(predictions, noisy([0, 1], [0, 1])) == NoiseFit(0.0, 0.5, None, None)
    assert noise_fit(predictions, noisy([0, 1], [1, 0])) == NoiseFit(1.0, None, 0.5, 0.5)


def test_shares_are_plain_numbers():
    assert {type(value) for value in vars(noise_fit(np.array([0, 1]), noisy([0, 1], [0, 0]))).values()} == {float}
