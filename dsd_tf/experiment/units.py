"""Units in a run of --method=edropout: what was chosen, and what that leaves of the network."""

from __future__ import annotations

from typing import Any

import numpy as np

from dsd_tf.edropout.activity import active_weights
from dsd_tf.edropout.published import published_kept, published_size
from dsd_tf.edropout.statistics import measure_statistics
from dsd_tf.experiment.workbench import Workbench
from dsd_tf.methods.plan import OfUnits, Phase
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernels import forward_flops


def keep_units(bench: Workbench, chosen: bool) -> None:
    """Make the network at hand that of the chosen units, or of all; its statistics are measured on training images."""
    registry = bench.units.registry
    state = bench.units.best.numpy() if chosen else np.ones(registry.size, bool)
    measure_statistics(registry, state, bench.images.train, bench.settings.batch_size)
    if chosen:
        bench.units.apply()


def unit_masks(bench: Workbench) -> Masks:
    """What lies between two chosen units."""
    active = active_weights(bench.units.registry, bench.units.best.value)
    on = {id(variable): mask.numpy() for variable, mask in active}
    everything = Masks.ones(bench.masks.shapes)
    return Masks({kernel.name: on.get(id(kernel.variable), everything[kernel.name]) for kernel in bench.masks.kernels})


def unit_figures(bench: Workbench, phase: Phase) -> dict[str, Any]:
    """How many units a phase ends with, of how many, by layer; and weights counted as in the published code.

    `bits` are those of a state, `published_bits` as many as the published code has for the same network.
    `published_kept` is the papers' "#p", `published_ratio` their "R" as a share of all parameters. `search_flops` are
    those of comparing states so far, as if all units of each were computed.
    """
    search, registry = bench.units, bench.units.registry
    full = isinstance(phase.weights, OfUnits) and not phase.weights.chosen
    state = np.ones(registry.size, bool) if full else search.best.numpy()
    states = int(search.generations.numpy()) * search.options.evaluations
    kept, total = published_kept(registry, state), published_kept(registry, np.ones(registry.size, bool))
    return {
        "bits": registry.size,
        "published_bits": published_size(registry),
        "on": int(state.sum()),
        "gates": [
            {"name": gate.name, "on": int(state[gate.bits].sum()), "units": gate.units} for gate in registry.gates
        ],
        "published_kept": kept,
        "published_ratio": kept / total,
        "frozen": bool(search.frozen.numpy()),
        "search_flops": states * bench.settings.batch_size * forward_flops(bench.model),
        "skipped": registry.skipped,
    }
