"""Difficulty scores: worked values of a network with known logits, and forgetting by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.data.images import Images
from dsd_tf.robustness import difficulty

SOFTMAX = np.exp([2.0, 0.0, 1.0]) / np.exp([2.0, 0.0, 1.0]).sum()


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """Gives every image the logits 2, 0, 1, but of a white one the second is a thousand."""
    inputs = keras.Input((1, 1, 1))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
    model.set_weights([np.array([[0.0, 1000.0, 0.0]]), np.array([2.0, 0.0, 1.0])])
    return model


@pytest.fixture(scope="module")
def images() -> Images:
    pixels = np.array([0, 0, 0, 255], np.uint8).reshape(4, 1, 1, 1)
    return Images(pixels, np.array([0, 1, 2, 1], np.int32))


def scores(score, network, images) -> np.ndarray:
    reached = []
    found = score(network, images, reached.append)
    assert reached[-1] == len(images)
    assert found.dtype == np.float64
    return found


def test_el2n_is_the_norm_of_the_error_vector(network, images):
    by_label = [np.linalg.norm(SOFTMAX - np.eye(3)[label]) for label in (0, 1, 2)]
    np.testing.assert_allclose(scores(difficulty.el2n, network, images), [*by_label, 0.0], rtol=1e-6)


def test_el2n_of_a_certain_mistake_is_the_square_root_of_two(network, images):
    mistaken = Images(images.images[3:], np.array([0], np.int32))
    assert scores(difficulty.el2n, network, mistaken)[0] == pytest.approx(np.sqrt(2))


def test_loss_and_confidence_are_those_of_the_label(network, images):
    np.testing.assert_allclose(scores(difficulty.loss, network, images), [*-np.log(SOFTMAX), 0.0], rtol=1e-6)
    np.testing.assert_allclose(scores(difficulty.confidence, network, images), [*(1 - SOFTMAX), 0.0], rtol=1e-6)


def test_grand_is_the_norm_of_each_examples_own_gradient(network, images):
    """Of a linear layer: the error vector's norm times that of the inputs and the bias's one."""
    errors = [np.linalg.norm(SOFTMAX - np.eye(3)[label]) for label in (0, 1, 2)]
    np.testing.assert_allclose(scores(difficulty.grand, network, images), [*errors, 0.0], rtol=1e-5)
    grey = Images(np.array([51], np.uint8).reshape(1, 1, 1, 1), np.array([0], np.int32))
    assert scores(difficulty.grand, network, grey)[0] == pytest.approx(np.sqrt(2) * np.sqrt(1 + 0.2**2))


def test_batches_change_nothing(network, images, monkeypatch):
    whole = scores(difficulty.el2n, network, images)
    monkeypatch.setattr(difficulty, "_BATCH", 3)
    assert scores(difficulty.el2n, network, images).tolist() == whole.tolist()


def test_forgetting_counts_losses_and_what_was_never_learned_counts_most():
    right = np.array(
        [
            # always, never, once lost, lost at the end, lost twice, learned late
            [1, 0, 1, 1, 1, 0],
            [1, 0, 0, 1, 0, 0],
            [1, 0, 1, 1, 1, 0],
            [1, 0, 1, 0, 0, 1],
        ],
        bool,
    )
    assert difficulty.forgetting(right).tolist() == [0.0, 4.0, 1.0, 1.0, 2.0, 0.0]
