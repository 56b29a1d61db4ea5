"""Pruning policies: which layers of a model `prune_low_magnitude` may prune."""

from __future__ import annotations

import abc

import keras


class PruningPolicy(abc.ABC):
    """Says layer by layer what may be pruned. An object of any class with these two methods will do."""

    @abc.abstractmethod
    def allow_pruning(self, layer: keras.layers.Layer) -> bool:
        """Whether the kernels of `layer` may be pruned."""

    @abc.abstractmethod
    def ensure_model_supports_pruning(self, model: keras.Model) -> None:
        """Raises ValueError if the policy makes no sense for `model`."""
