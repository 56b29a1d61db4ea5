"""Training until the masks that pruning would choose have settled."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.tickets import WINDOW, as_bits, have_settled


class EarlyBird(keras.callbacks.Callback):
    """Ends `fit` after the epoch at whose end the masks have settled (You et al. 2020, "Drawing Early-Bird Tickets").

    Args:
        draw: the masks that pruning would choose at the time.
        tickets: those of the last epochs, as bits, which the callback adds to.
    """

    def __init__(self, draw: Callable[[], Masks], tickets: list[np.ndarray]):
        super().__init__()
        self._draw, self._tickets = draw, tickets

    def on_epoch_end(self, epoch, logs=None):
        masks = self._draw()
        self._tickets[:] = [*self._tickets, as_bits(masks)][-WINDOW:]
        if have_settled(self._tickets, masks.size):
            self.model.stop_training = True
