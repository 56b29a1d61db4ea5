"""Pruning schedules: TFMOT's own, two of ours, and how to evaluate them without TensorFlow operations.

A schedule is called with a step and answers (whether masks change there, sparsity). Only this module imports
TFMOT.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.errors import UsageError, unknown

# Importing TFMOT sets this variable, for child processes too. With it, the Keras attribute of the tensorflow
# module becomes the legacy Keras if nothing has resolved it yet: resolve it first, and restore the variable.
_LEGACY = "TF_USE_LEGACY_KERAS"
_legacy_before = os.environ.get(_LEGACY)
operator.attrgetter("keras.Model")(tf)
from tensorflow_model_optimization import sparsity as _tfmot  # noqa: E402

if _legacy_before is None:
    del os.environ[_LEGACY]
else:
    os.environ[_LEGACY] = _legacy_before

PruningSchedule = _tfmot.keras.PruningSchedule
ConstantSparsity = _tfmot.keras.ConstantSparsity
PolynomialDecay = _tfmot.keras.PolynomialDecay


class _Piecewise(PruningSchedule):
    """Dense before boundaries[0], then sparsities[i] from boundaries[i] on; masks change there only."""

    def __init__(self, boundaries: Sequence[int], sparsities: Sequence[float]):
        self.boundaries = [operator.index(step) for step in boundaries]
        self.sparsities = [float(sparsity) for sparsity in sparsities]
        if not self.boundaries or len(self.boundaries) != len(self.sparsities):
            raise UsageError(f"steps {self.boundaries}, sparsities {self.sparsities}: give as many of each, >= 1")
        if self.boundaries[0] < 0 or any(np.diff(self.boundaries) <= 0):
            raise UsageError(f"steps {self.boundaries}: give increasing steps, none below 0")
        for sparsity in self.sparsities:
            if not 0 <= sparsity < 1:
                raise UsageError(f"sparsity {sparsity}: give a number in [0, 1)")
        self.begin_step, self.end_step = self.boundaries[0], self.boundaries[-1]

    def __call__(self, step: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor]:
        step, boundaries = tf.cast(step, tf.int64), tf.constant(self.boundaries, tf.int64)
        sparsities = tf.constant([0.0, *self.sparsities], tf.float32)
        reached = tf.math.count_nonzero(boundaries <= step)
        return tf.reduce_any(boundaries == step), tf.gather(sparsities, reached)


@keras.saving.register_keras_serializable("dsd_tf")
class DenseSparseDense(_Piecewise):
    """Dense, then `sparsity` in steps [begin_step, end_step), then dense again (DSD, Han et al. 2017)."""

    def __init__(self, sparsity: float, begin_step: int, end_step: int):
        super().__init__([begin_step, end_step], [sparsity, 0.0])

    def get_config(self) -> dict[str, Any]:
        return {"sparsity": self.sparsities[0], "begin_step": self.begin_step, "end_step": self.end_step}


@keras.saving.register_keras_serializable("dsd_tf")
class StepwiseLevels(_Piecewise):
    """Sparsity `sparsities[i]` from step `boundaries[i]` on; dense before the first."""

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "sparsities": self.sparsities}


_PERIODIC = (ConstantSparsity, PolynomialDecay)
_PIECEWISE = (DenseSparseDense, StepwiseLevels)


def sparsity_at(schedule: PruningSchedule, step: int) -> float:
    """The sparsity a schedule asks for at `step`: what its own call returns in float32, without TensorFlow.

    Schedules of other types are called. A PolynomialDecay without a window (begin_step == end_step) is at its
    final sparsity from there on, where its own call gives NaN.
    """
    if type(schedule) is ConstantSparsity:
        return float(schedule.target_sparsity)
    if type(schedule) is PolynomialDecay:
        return _polynomial(schedule, step)
    if type(schedule) in _PIECEWISE:
        return [0.0, *schedule.sparsities][np.searchsorted(schedule.boundaries, step, side="right")]
    return float(schedule(step)[1])


def due(schedule: PruningSchedule, after: int, upto: int) -> int | None:
    """The last step in (after, upto] at which masks must be recomputed, or None.

    TFMOT's rule, (step - begin_step) divisible by frequency within [begin_step, end_step], and always
    end_step: by that rule alone a window that is no multiple of the frequency never reaches its final
    sparsity. Schedules of other types are called at each step, from the last backwards.
    """
    if type(schedule) in _PERIODIC:
        return _last_periodic(schedule, after, upto)
    if type(schedule) in _PIECEWISE:
        return max((step for step in schedule.boundaries if after < step <= upto), default=None)
    return next((step for step in range(upto, after, -1) if bool(schedule(step)[0])), None)


def last_step(schedule: PruningSchedule) -> int | None:
    """The last step at which a schedule changes masks; None if it never ends or does not say."""
    end = int(getattr(schedule, "end_step", -1))
    return None if end < 0 else end


def to_config(schedule: PruningSchedule) -> dict[str, Any]:
    """A JSON description of one of the schedules of this module; `from_config` reads it."""
    name = type(schedule).__name__
    _class_named(name)
    config = schedule.get_config()
    arguments = config.get("config", config)  # TFMOT's own nest it
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in arguments.items()}
    return {"class_name": name, "config": plain}


def from_config(config: dict[str, Any]) -> PruningSchedule:
    """The schedule that `to_config` described; UsageError for an unknown one or arguments it refuses."""
    schedule_class = _class_named(config.get("class_name"))
    try:
        return schedule_class(**config["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"schedule {config['class_name']}: {error}") from error


def _class_named(name: str | None) -> type[PruningSchedule]:
    classes = {schedule_class.__name__: schedule_class for schedule_class in (*_PERIODIC, *_PIECEWISE)}
    if name not in classes:
        raise unknown("schedule", name, classes)
    return classes[name]


def _polynomial(schedule: PolynomialDecay, step: int) -> float:
    """Zhu & Gupta 2017, "To prune, or not to prune", eq. 1, with any power."""
    window = schedule.end_step - schedule.begin_step
    progress = (step - schedule.begin_step) / window if window else float(step >= schedule.begin_step)
    left = (1.0 - min(1.0, max(0.0, progress))) ** schedule.power
    return float(schedule.final_sparsity + (schedule.initial_sparsity - schedule.final_sparsity) * left)


def _last_periodic(schedule: ConstantSparsity | PolynomialDecay, after: int, upto: int) -> int | None:
    begin, end = schedule.begin_step, last_step(schedule)
    ended = end is not None and upto >= end
    last = end if ended else upto - (upto - begin) % schedule.frequency
    return int(last) if last > after and last >= begin else None
