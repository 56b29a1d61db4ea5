"""AC/DC: compressed and decompressed training by turns (Peste et al. 2021)."""

from __future__ import annotations

import dataclasses
import itertools

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, EndOf, Facts, Phase, Prune
from dsd_tf.methods.spans import dense_phase, steps
from dsd_tf.settings import Settings


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """One training in turns: dense, then `--cycles` times sparse and dense, for equally long; sparse from `--end` on.

    A sparse turn keeps the masks it begins with; pruned weights are zero when all train again. The learning rate runs
    its schedule once, through all turns; each begins with cleared optimizer slots.
    """
    first = dense_phase(settings, facts)
    end, turns = steps(settings, facts, "end"), 2 * settings.cycles + 1
    if not turns <= end < first.stop:
        raise UsageError(
            f"--end={settings.end} is step {end}: {turns} turns need as many steps before it, and the last sparse one "
            f"some of the {first.stop} steps of training after it"
        )
    bounds = [round(end * turn / turns) for turn in range(turns + 1)] + [first.stop]
    phases = [dataclasses.replace(first, stop=bounds[1])]
    for turn, (start, stop) in enumerate(itertools.pairwise(bounds[1:]), start=1):
        phases.append(_turn(settings, phases[-1], turn, start, stop))
    return phases


def _turn(settings: Settings, before: Phase, turn: int, start: int, stop: int) -> Phase:
    cycle, is_sparse = (turn + 1) // 2, turn % 2 == 1
    role = "sparse" if is_sparse else "redense"
    return dataclasses.replace(
        before,
        name=f"{role}{cycle}",
        level=cycle,
        role=role,
        weights=EndOf(before.name),
        masks=Prune(before.name, density=1 - settings.sparsity) if is_sparse else AllWeights(),
        start=start,
        stop=stop,
        sparsity=settings.sparsity if is_sparse else 0.0,
    )
