"""What happens at epoch boundaries of a phase: data and learning rate before, figures and checkpoint after."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from dsd_tf.errors import Diverged
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.mask_history import MaskHistory
from dsd_tf.experiment.run_directory import RunDirectory, append_line
from dsd_tf.experiment.state import pack
from dsd_tf.experiment.workbench import Workbench
from dsd_tf.files import write_arrays
from dsd_tf.methods.plan import Phase
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.training.callbacks.step_callback import StepCallback


@dataclass
class Journal:
    """The masks and the epochs of a phase so far, the last tickets drawn, and the seconds it has taken."""

    history: MaskHistory
    epochs: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0


def epoch_window(phase: Phase, epoch: int, steps_per_epoch: int) -> tuple[int, int]:
    """The batches [start, stop) of an epoch that lie inside `phase`."""
    first = epoch * steps_per_epoch
    return max(phase.start - first, 0), min(phase.stop - first, steps_per_epoch)


def diverged(what: str, phase: Phase, directory: RunDirectory) -> Diverged:
    """The error for a phase whose numbers are no longer finite."""
    return Diverged(
        f"training diverged in {phase.name}: {what}; the last good state is in {directory.path}; try a lower --lr"
    )


class EpochStart(keras.callbacks.Callback):
    """Gives every epoch its own slice of data and its learning rate."""

    def __init__(self, bench: Workbench, phase: Phase):
        super().__init__()
        self._feed, self._phase = bench.feed, phase

    def on_epoch_begin(self, epoch, logs=None):
        self._feed.set_epoch(epoch, *epoch_window(self._phase, epoch, self._feed.steps_per_epoch))
        self.model.optimizer.learning_rate = self._phase.learning_rate.at(epoch)


class Recorder(StepCallback):
    """Evaluates, logs and checkpoints at the end of each epoch, and shows progress in between.

    Raises:
        Diverged: at the end of an epoch with a loss that is not finite; nothing of that epoch is written.
    """

    def __init__(
        self,
        bench: Workbench,
        directory: RunDirectory,
        phase: Phase,
        journal: Journal,
        checkpoints: Checkpoints,
        progress: RunProgress,
        steps_before: int,
    ):
        super().__init__()
        self._bench, self._directory, self._phase, self._journal = bench, directory, phase, journal
        self._checkpoints, self._progress = checkpoints, progress
        self._steps_before = steps_before
        self._clock = self._saved = time.monotonic()

    def before_step(self, step):
        self._progress.reach(self._steps_before + step)

    def on_epoch_end(self, epoch, logs=None):
        record = self._figures(epoch, logs)
        losses = {name: value for name, value in record.items() if name.endswith("_loss")}
        if not all(map(math.isfinite, losses.values())):
            raise diverged(f"{losses} in epoch {epoch + 1}", self._phase, self._directory)
        if self._bench.settings.record_learning:
            right = self._bench.evaluators["train"].predictions() == self._bench.images.train.labels
            write_arrays(self._directory.learning(self._phase.name, epoch), {"right": right})
        self._write_search(epoch)
        self._journal.epochs.append(record)
        append_line(self._directory.metrics, record)
        self._progress.reach(self._steps_before + self.iterations)
        self._progress.epoch(record)
        if time.monotonic() - self._saved >= self._bench.settings.checkpoint_seconds:
            self._save(epoch + 1)

    def _figures(self, epoch: int, logs: dict[str, float]) -> dict[str, Any]:
        now = time.monotonic()
        self._journal.seconds += now - self._clock
        record = {
            "phase": self._phase.name,
            "level": self._phase.level,
            "epoch": epoch,
            "step": self._phase.start + self.iterations,
            "learning_rate": self._phase.learning_rate.at(epoch),
            "train_loss": logs["loss"],
            "train_accuracy": logs["accuracy"],
            "sparsity": 1 - self._bench.masks.masks.density,
            "seconds": round(now - self._clock, 3),
        }
        self._clock = now
        evaluators = self._bench.evaluators
        if self._phase.freeze_epoch is not None:
            record |= self._bench.units.figures() | {"on_by_gate": self._bench.units.on_by_gate()}
            evaluators = self._bench.unit_evaluators
        for split in ("validation", "test"):
            if split in evaluators and self._is_evaluated(epoch):
                scores = evaluators[split]()
                record |= {f"{split}_loss": scores.loss, f"{split}_accuracy": scores.top1}
        if self._is_attacked(epoch):
            record |= self._bench.robustness.of_epoch()
        return record

    def _write_search(self, epoch: int) -> None:
        if self._phase.freeze_epoch is None:
            return
        generations = self._bench.units.trace.arrays()
        if generations["energy_best"].size:
            write_arrays(self._directory.search(self._phase.name, epoch), generations)

    def _is_evaluated(self, epoch: int) -> bool:
        return (epoch + 1) % self._bench.settings.evaluate_every == 0 or self._is_last(epoch)

    def _is_attacked(self, epoch: int) -> bool:
        """Not at the end of the phase, whose record holds the same figures."""
        every = self._bench.settings.robust_every
        due = every > 0 and (epoch + 1) % every == 0 and not self._is_last(epoch)
        return due and self._bench.robustness is not None

    def _is_last(self, epoch: int) -> bool:
        return self.model.stop_training or (epoch + 1) * self._bench.feed.steps_per_epoch >= self._phase.stop

    def _save(self, next_epoch: int) -> None:
        history, explored = self._journal.history.state()
        meta = {
            "phase": self._phase.name,
            "epoch": next_epoch,
            "epochs": self._journal.epochs,
            "seconds": self._journal.seconds,
            "history": history,
        }
        arrays = {"explored": explored, "tickets": self._journal.tickets}
        state = pack(meta, **self._bench.state, **self._bench.state_of_phase, **arrays)
        self._checkpoints.save(state)
        self._saved = time.monotonic()
