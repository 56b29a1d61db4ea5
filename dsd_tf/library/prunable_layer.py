"""Layers that say which of their weights can be pruned."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import keras


class PrunableLayer(abc.ABC):
    """Mixin for a Keras layer of one's own; defining the method alone does as well."""

    @abc.abstractmethod
    def get_prunable_weights(self) -> Sequence[keras.Variable]:
        """The weights of the (built) layer that may be pruned."""
