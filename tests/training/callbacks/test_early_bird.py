"""Training that ends once the masks have settled, in a plain `fit`."""

from __future__ import annotations

import keras
import numpy as np

from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.callbacks.early_bird import EarlyBird


def epochs_trained(masks: list[np.ndarray], tickets: list[np.ndarray]) -> int:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    drawn = iter(masks)
    history = model.fit(
        np.ones((2, 1)),
        np.ones(2),
        epochs=len(masks),
        verbose=0,
        callbacks=[EarlyBird(lambda: Masks({"kernel": next(drawn)}), tickets)],
    )
    return len(history.epoch)


def test_training_ends_after_the_fifth_epoch_whose_ticket_is_near_the_four_before():
    early, late = np.arange(50) < 25, np.arange(50) < 10
    assert epochs_trained([early] * 3 + [late] * 9, []) == 8


def test_it_goes_on_from_tickets_drawn_before_and_keeps_five():
    tickets = []
    assert epochs_trained([np.arange(50) < 25] * 4, tickets) == 4
    assert epochs_trained([np.arange(50) < 25] * 4, tickets) == 1
    assert len(tickets) == 5


def test_tickets_that_keep_changing_train_to_the_end():
    assert epochs_trained([np.arange(50) // 5 == epoch for epoch in range(8)], []) == 8
