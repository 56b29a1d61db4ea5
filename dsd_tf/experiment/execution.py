"""How many training steps one call into TensorFlow makes."""

from __future__ import annotations

from collections.abc import Iterable

from dsd_tf.methods.plan import Phase
from dsd_tf.sparsity.schedules import due

_MOST = 32
# Above this much arithmetic per call the gain is gone and the progress display would starve.
_FLOPS_PER_CALL = 8e9


def steps_per_execution(phases: Iterable[Phase], steps_per_epoch: int, step_flops: float, wanted: int = 0) -> int:
    """The most steps per call with which every step between two calls falls where a phase needs it.

    Calls start anew at every epoch; callbacks act between calls only, at mask updates and where weights are remembered.
    """
    most = wanted or min(_MOST, max(1, int(_FLOPS_PER_CALL / max(step_flops, 1))))
    if most == 1:
        return 1
    offsets = {offset for phase in phases for offset in _stops(phase, steps_per_epoch)}
    return next(size for size in range(min(most, steps_per_epoch), 0, -1) if not any(o % size for o in offsets))


def _stops(phase: Phase, steps_per_epoch: int) -> Iterable[int]:
    """Positions, within their epoch's calls, of the steps at which callbacks of `phase` act."""
    first_epoch = phase.start // steps_per_epoch
    steps = [] if phase.remember is None else [phase.remember]
    if phase.schedule is not None:
        steps += [s for s in range(phase.start, phase.stop) if due(phase.schedule, s - 1, s) is not None]
    if phase.topology is not None:
        steps += [phase.start + s for s in phase.topology.updates]
    for step in steps:
        epoch, offset = divmod(step, steps_per_epoch)
        yield offset - (phase.start % steps_per_epoch if epoch == first_epoch else 0)
