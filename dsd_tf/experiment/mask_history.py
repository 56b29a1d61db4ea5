"""What the masks of a phase were over time: which weights they let take part, and the arithmetic they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dsd_tf.experiment.workbench import Workbench
from dsd_tf.methods.plan import Phase
from dsd_tf.reporting.layers import layer_table, total_flops
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.optimizers import steps_taken

# a training step in forward passes: its own, and the backward pass, which costs two
STEP_PASSES = 3


class MaskHistory:
    """Begins with the masks that are there when it is made, and is told of every change.

    Attributes:
        explored: the weights that some masks so far let take part, by kernel.
    """

    def __init__(self, bench: Workbench, phase: Phase):
        self._bench, self._phase = bench, phase
        self._step, self._flops = phase.start, 0
        self._passes = STEP_PASSES + bench.trainer.objective.extra_passes
        self._per_example = self._figure("sparse_flops")
        self.explored = bench.masks.masks

    def add(self, masks: Masks) -> None:
        """These are the masks from the step on that training has reached."""
        step = self._phase.start + steps_taken(self._bench.trainer.optimizer)
        self._flops, self._step = self.training_flops(step), step
        self._per_example = self._figure("sparse_flops")
        self.explored = Masks({name: self.explored[name] | mask for name, mask in masks.items()})

    def training_flops(self, stop: int) -> int | None:
        """FLOPs of the kernels in the steps of the phase before `stop`, an attack's included, of weights in the masks.

        Half of a backward pass is for the gradients of the weights; those of all weights are counted in the steps whose
        gradients growth is ranked by (Evci et al. 2020, appendix H). None if not known.
        """
        if self._flops is None or self._per_example is None:
            return None
        examples = self._bench.feed.examples_in(self._step, stop)
        beyond = self._figure("dense_flops") - self._per_example
        return self._flops + self._passes * self._per_example * examples + beyond * self._examples_read(stop)

    def state(self) -> tuple[dict[str, Any], list[np.ndarray]]:
        """What `resume` needs: JSON values and arrays."""
        return {"step": self._step, "flops": self._flops}, list(self.explored.values())

    def resume(self, values: Mapping[str, Any], explored: list[np.ndarray]) -> None:
        """Go on where `state` was taken, under the masks of that time."""
        self._step, self._flops = values["step"], values["flops"]
        self._per_example = self._figure("sparse_flops")
        self.explored = Masks(dict(zip(self.explored, explored, strict=True)))

    def _figure(self, name: str) -> int | None:
        return total_flops(layer_table(self._bench.kernels, self._bench.masks.masks), name)

    def _examples_read(self, stop: int) -> int:
        """Examples since the last change in steps whose gradients of all weights are needed."""
        topology, start = self._phase.topology, self._phase.start
        if topology is None:
            return 0
        read = (s for s in range(self._step, stop) if topology.gradient_is_read(s - start, s - start + 1))
        return sum(self._bench.feed.examples_in(step, step + 1) for step in read)
