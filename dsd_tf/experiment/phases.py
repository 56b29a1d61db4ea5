"""Carrying out one phase: bring weights and masks to its start, train, keep what it ended with."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from dsd_tf.edropout.callback import EDropout
from dsd_tf.errors import UsageError
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.initial_masks import initial_masks
from dsd_tf.experiment.mask_history import MaskHistory
from dsd_tf.experiment.record import phase_record
from dsd_tf.experiment.recorder import EpochStart, Journal, Recorder, diverged, epoch_window
from dsd_tf.experiment.run_directory import RunDirectory, masks_path, write_lines
from dsd_tf.experiment.state import pack, read_meta, restore, seed_dropout
from dsd_tf.experiment.unison import Unison
from dsd_tf.experiment.units import keep_units, unit_masks
from dsd_tf.experiment.workbench import Workbench
from dsd_tf.files import read_arrays, write_arrays
from dsd_tf.methods.plan import (
    AllWeights,
    EndOf,
    FromFile,
    FromRun,
    Initial,
    Nonzero,
    OfUnits,
    Phase,
    Prune,
    Remembered,
    Sparse,
    UnitMasks,
)
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.tickets import have_settled
from dsd_tf.training.callbacks.drop_and_grow import DropAndGrow
from dsd_tf.training.callbacks.early_bird import EarlyBird
from dsd_tf.training.callbacks.rewind import Rewind
from dsd_tf.training.callbacks.update_pruning_step import UpdatePruningStep
from dsd_tf.training.dense_gradients import DenseGradients
from dsd_tf.training.optimizers import steps_taken
from dsd_tf.training.pruning import PruningRule, ScheduledPruning


class PhaseRunner:
    """Runs phases of a plan on a workbench; everything a phase needs of another one it reads from the directory.

    So a phase begins alike whether the process has just finished the one before it or was started anew.
    """

    def __init__(self, bench: Workbench, directory: RunDirectory, progress: RunProgress):
        self._bench, self._directory, self._progress = bench, directory, progress
        self._checkpoints = Checkpoints(directory.checkpoints, progress.say)

    def run(self, phase: Phase, number: int, epochs_before: list[dict], steps_before: int) -> dict:
        """Train `phase` (the plan's `number`-th), or what is left of it; returns its record.

        `epochs_before` are the epoch figures of the phases before it, `steps_before` their steps.
        """
        self._prepare(phase, number)
        journal = Journal(MaskHistory(self._bench, phase))
        epoch = self._resume(phase, journal)
        # drops what a killed process wrote after its last checkpoint
        write_lines(self._directory.metrics, epochs_before + journal.epochs)
        return self._finish(self._train(phase, epoch, journal, steps_before), journal)

    def _prepare(self, phase: Phase, number: int) -> None:
        masks = self._masks(phase)
        self._set_weights(phase.weights)
        seed_dropout(self._bench.model, self._bench.settings.seed, number)
        self._bench.masks.reset_slots()
        for variable in self._bench.trainer.objective.variables:
            variable.assign(np.zeros(variable.shape))
        self._bench.masks.apply(masks)
        if phase.freeze_epoch is not None:
            self._bench.units.restart()
        if phase.topology is not None and phase.topology.gradient_decay is not None:
            # before a checkpoint is read, which has them among the optimizer's variables
            DenseGradients(self._bench.masks, phase.topology.gradient_decay)

    def _masks(self, phase: Phase) -> Masks:
        match phase.masks:
            case AllWeights():
                return Masks.ones(self._bench.masks.shapes)
            case Nonzero():
                self._set_weights(phase.weights)
                return self._nonzero()
            case FromRun():
                return given_masks(phase.masks, self._bench)
            case Sparse():
                self._set_weights(phase.weights)
                return initial_masks(self._bench, phase.masks)
            case UnitMasks(name):
                restore(read_arrays(self._directory.phase(name)), **self._bench.state)
                return unit_masks(self._bench)
            case Prune(name, keep, density):
                self._set_weights(EndOf(name))
                return self._bench.selection.masks(
                    self._bench.masks.weights(),
                    Masks.load(self._directory.masks(name)),
                    keep=keep,
                    density=density,
                    index=phase.level,
                )

    def _nonzero(self) -> Masks:
        masks = Masks({name: weight != 0 for name, weight in self._bench.masks.weights().items()})
        if masks.kept == masks.size:
            raise UsageError(f"--init_from={self._bench.settings.init_from} is not pruned: no prunable weight is zero")
        return masks

    def _set_weights(self, source: Initial | FromFile | EndOf | OfUnits | Remembered) -> None:
        model = self._bench.model
        match source:
            case Initial(index):
                model.set_weights(self._bench.initial_weights(index))
            case FromFile():
                model.set_weights(self._bench.first_weights)
            case EndOf(name):
                restore(read_arrays(self._directory.phase(name)), model=model.variables)
            case OfUnits(name, chosen):
                restore(read_arrays(self._directory.phase(name)), **self._bench.state)
                keep_units(self._bench, chosen)
            case Remembered():
                restore(read_arrays(self._directory.rewind), weights=model.weights)

    def _resume(self, phase: Phase, journal: Journal) -> int:
        """Continue from a checkpoint of `phase` if there is one; returns the epoch to train next."""
        arrays = self._checkpoints.load()
        meta = read_meta(arrays) if arrays else {}
        if meta.get("phase") != phase.name:
            return phase.start // self._bench.feed.steps_per_epoch
        restore(arrays, **self._bench.state, **self._bench.state_of_phase)
        journal.epochs[:] = meta["epochs"]
        journal.seconds = meta["seconds"]
        explored = [arrays[f"explored/{index}"] for index in range(len(self._bench.masks.shapes))]
        journal.history.resume(meta["history"], explored)
        journal.tickets[:] = [arrays[name] for name in sorted(arrays) if name.startswith("tickets/")]
        return meta["epoch"]

    def _train(self, phase: Phase, epoch: int, journal: Journal, steps_before: int) -> Phase:
        """Returns the phase as it came to be: it may end early."""
        bench = self._bench
        unison = Unison(bench)
        bench.masks.on_change = unison.then(journal.history.add)
        callbacks = [
            EpochStart(bench, phase),
            *self._mask_callbacks(phase, journal),
            unison,
            Recorder(bench, self._directory, phase, journal, self._checkpoints, self._progress, steps_before),
        ]
        for first, last in _equal_epochs(phase, epoch, bench.feed.steps_per_epoch):
            if have_settled(journal.tickets, bench.facts.prunable):
                break
            start, stop = epoch_window(phase, first, bench.feed.steps_per_epoch)
            try:
                bench.trainer.fit(
                    bench.trainer.counter,
                    steps_per_epoch=stop - start,
                    initial_epoch=first,
                    epochs=last,
                    callbacks=callbacks,
                    verbose=0,
                    shuffle=False,
                )
            except UsageError as error:
                if all(np.isfinite(weight).all() for weight in bench.masks.weights().values()):
                    raise
                # weights that are not finite cannot be ranked: a mask update meets them before the epoch ends
                raise diverged(str(error), phase, self._directory) from error
        return dataclasses.replace(phase, stop=phase.start + steps_taken(bench.trainer.optimizer))

    def _mask_callbacks(self, phase: Phase, journal: Journal) -> list:
        callbacks = []
        if phase.schedule is not None:
            rule = PruningRule(phase.schedule, self._bench.selection)
            names = list(self._bench.masks.shapes)
            pruning = ScheduledPruning(self._bench.masks, [(names, rule)], earlier_steps=phase.start)
            callbacks.append(UpdatePruningStep(pruning))
        if phase.topology is not None:
            callbacks.append(DropAndGrow(phase.topology, self._bench.settings.seed, journal.epochs))
        if phase.freeze_epoch is not None:
            callbacks.append(EDropout(self._bench.units, phase.freeze_epoch))
        if phase.settles is not None:
            callbacks.append(EarlyBird(lambda: self._ticket(phase.settles), journal.tickets))
        if phase.remember is not None and not self._directory.rewind.exists():
            callbacks.append(_RewindFile(phase.remember - phase.start, self._directory, self._bench))
        return callbacks

    def _ticket(self, density: float) -> Masks:
        return self._bench.selection.masks(self._bench.masks.weights(), None, density=density)

    def _finish(self, phase: Phase, journal: Journal) -> dict:
        bench = self._bench
        bench.masks.on_change = lambda masks: None
        record = phase_record(bench, phase, journal.epochs, journal.history)
        if not np.isfinite(record["train"]["loss"]):
            raise diverged(f"loss {record['train']['loss']} at its end", phase, self._directory)
        bench.masks.masks.save(self._directory.masks(phase.name))
        meta = {"record": record, "epochs": journal.epochs, "seconds": journal.seconds}
        write_arrays(self._directory.phase(phase.name), pack(meta, **bench.state))
        self._checkpoints.clear()
        return meta


def given_masks(source: FromRun, bench: Workbench) -> Masks:
    """The masks of another run; UsageError if they are not there or of another network."""
    try:
        masks = Masks.load(masks_path(source.directory, source.phase))
        masks.check(bench.masks.shapes)
    except UsageError as error:
        raise UsageError(f"--masks_from={source.directory}: {error}") from error
    return masks


class _RewindFile(Rewind):
    """Remembers the weights in the run directory."""

    def __init__(self, step: int, directory: RunDirectory, bench: Workbench):
        super().__init__(step)
        self._path, self._bench = directory.rewind, bench

    def remember(self):
        self._bench.average_statistics()
        super().remember()
        write_arrays(self._path, pack({"step": self.step}, weights=self.model.weights))


def _equal_epochs(phase: Phase, epoch: int, steps_per_epoch: int) -> Iterator[tuple[int, int]]:
    """Runs [first, last) of epochs with equally many steps, from `epoch` to the end of `phase`.

    Keras takes every epoch of a `fit` to be as long as its first, but a phase may begin or end inside an epoch.
    """
    epochs = range(epoch, -(-phase.stop // steps_per_epoch))
    for _, run in itertools.groupby(epochs, lambda e: epoch_window(phase, e, steps_per_epoch)):
        run = list(run)
        yield run[0], run[-1] + 1
