"""Everything a run's phases share: data, network, optimizer, masks, evaluators."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dsd_tf import randomness, registry
from dsd_tf.analysis.entropy import EntropyMeter
from dsd_tf.analysis.rectifiers import has_rectifiers
from dsd_tf.data.caffe_preprocessing import MEANS_BGR
from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.known import CIFAR_MEAN, CIFAR_STD
from dsd_tf.data.sources import ImageSet, load
from dsd_tf.edropout.search import UnitSearch
from dsd_tf.errors import UsageError, unknown
from dsd_tf.experiment.corrupted_images import corrupted_images
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.given_weights import GivenWeights, give_weights
from dsd_tf.experiment.robustness import RobustnessMeter
from dsd_tf.experiment.same_sparsity import units_of
from dsd_tf.experiment.teacher import open_teacher
from dsd_tf.methods.plan import Facts
from dsd_tf.models.build import ModelOptions, build_model
from dsd_tf.settings import Settings, split
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import parse as parse_granularity
from dsd_tf.training.evaluation import Evaluator
from dsd_tf.training.gradients import BatchGradients
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import Kernel, KernelFilter, list_kernels
from dsd_tf.training.objectives.objective import Surroundings
from dsd_tf.training.replicas import ReplicaStatistics
from dsd_tf.training.selection import Selection
from dsd_tf.training.strategy import make_strategy
from dsd_tf.training.trainer import Trainer
from dsd_tf.workers.team import Team

_EVALUATION_BATCH = 500

# of RGB in [0, 1]: what the network then sees are pixels in [0, 255] minus Caffe's means
CAFFE_MEAN = tuple(mean / 255 for mean in reversed(MEANS_BGR))
CAFFE_STD = (1 / 255,) * 3
_NORMALIZATIONS = {"caffe": (CAFFE_MEAN, CAFFE_STD), "cifar": (CIFAR_MEAN, CIFAR_STD)}


@dataclass(frozen=True)
class Workbench:
    """The parts of a run.

    `model` is the network, an ordinary Keras model; `trainer` trains it, together with the other workers of `team`.
    `kernels` lists every weight tensor, the ones left dense with their reason; `given` are the weights of
    `--init_from`, if any.
    """

    settings: Settings
    images: ImageSet
    feed: TrainFeed
    model: keras.Model
    trainer: Trainer
    kernels: list[Kernel]
    masks: KernelMasks
    team: Team
    given: GivenWeights | None = None

    @property
    def facts(self) -> Facts:
        return Facts(self.feed.steps_per_epoch, self.masks.shapes)

    def initial_weights(self, index: int) -> list[np.ndarray]:
        """The weights of initialisation number `index`."""
        return network(self.settings, self.images, index=index).get_weights()

    @property
    def first_weights(self) -> list[np.ndarray]:
        """The weights the run starts from: given ones, or those of initialisation 0."""
        return self.given.weights if self.given else self.initial_weights(0)

    @cached_property
    def evaluators(self) -> dict[str, Evaluator]:
        """Evaluators of "train" (given labels, no augmentation), "validation" if there is such a split, and "test"."""
        return self._evaluators(self.model)

    def _evaluators(self, logits: Callable[[tf.Tensor], tf.Tensor]) -> dict[str, Evaluator]:
        splits = {"train": self.images.train, "validation": self.images.validation, "test": self.images.test}
        return {
            name: Evaluator(logits, images, _EVALUATION_BATCH) for name, images in splits.items() if images is not None
        }

    @cached_property
    def entropy(self) -> EntropyMeter | None:
        """Measures the network's ReLUs over the training images; None if it has none."""
        if not has_rectifiers(self.model):
            return None
        return EntropyMeter(self.model, self.images.train, batch_size=_EVALUATION_BATCH)

    @cached_property
    def robustness(self) -> RobustnessMeter | None:
        """Measures accuracy under attack, if the settings ask for it."""
        return RobustnessMeter.of(self.settings, self.model, self.images, batch_size=_EVALUATION_BATCH)

    @cached_property
    def units(self) -> UnitSearch | None:
        """The search for units, if that is the method."""
        if self.settings.method != "edropout":
            return None
        on = units_of(self.like) if self.like else None
        return UnitSearch(self.model, self.settings.edropout, self.settings.batch_size, on)

    @cached_property
    def like(self) -> FinishedRun | None:
        """The run whose sparsity is to be reached, if `--sparsity_from` names one."""
        if not self.settings.sparsity_from:
            return None
        try:
            return FinishedRun(self.settings.sparsity_from)
        except UsageError as error:
            raise UsageError(f"--sparsity_from: {error}") from error

    @cached_property
    def unit_evaluators(self) -> dict[str, Evaluator]:
        """Evaluators as `evaluators`, of the units that are best at the time."""
        return self._evaluators(self.units.logits)

    def average_statistics(self) -> None:
        """Make batch norm's statistics one where every replica has its own."""
        if self.trainer.distribute_strategy.num_replicas_in_sync > 1 and self.settings.batch_norm == "replica":
            self._statistics.average()

    @cached_property
    def _statistics(self) -> ReplicaStatistics:
        return ReplicaStatistics(self.model)

    @property
    def state(self) -> dict[str, list[keras.Variable]]:
        """By group, what a phase leaves to those after it."""
        units = {"units": self.units.variables} if self.units else {}
        return {"model": self.model.variables, **units}

    @property
    def state_of_phase(self) -> dict[str, list[keras.Variable]]:
        """By group, what a checkpoint has beside that, and the phases after it do not."""
        return {"optimizer": self.trainer.optimizer.variables, "objective": self.trainer.objective.variables}

    @cached_property
    def selection(self) -> Selection:
        settings = self.settings
        return Selection(
            score=settings.score,
            allocation=Allocation.parse(settings.allocation),
            granularity=parse_granularity(settings.granularity),
            gradients=self._gradients,
            seed=settings.seed,
        )

    def _gradients(self) -> dict[str, np.ndarray]:
        return self._batch_gradients()

    @cached_property
    def _batch_gradients(self) -> BatchGradients:
        train, count = self.images.train, self.settings.batch_size
        order = randomness.generator(self.settings.seed, "score_batch").permutation(len(train))[:count]
        batch = train.take(np.sort(order))
        pixels = batch.images.astype(np.float32) / 255
        return BatchGradients(self.model, self.masks.kernels, pixels, batch.labels)


def build_workbench(settings: Settings, team: Team | None = None) -> Workbench:
    """Load the data, build and compile the network, give its prunable kernels masks; with a `team`, all of it do.

    Raises:
        UsageError: for settings that do not fit the data or the network.
    """
    team = team or Team.of_one()
    strategy = make_strategy(settings.strategy, settings.replicas, None if team.is_alone else team.cluster)
    # before anything runs: equal runs must be equal bit for bit
    keras.utils.set_random_seed(randomness.integer(settings.seed, "global"))
    tf.config.experimental.enable_op_determinism()
    images = load_images(settings)
    replicas = strategy.num_replicas_in_sync
    feed = TrainFeed(
        images.train,
        settings.batch_size,
        seed=settings.seed,
        augmentation=images.augmentation if settings.augmentation == "auto" else settings.augmentation,
        replays=settings.attack_replays,
    )
    with strategy.scope():
        model = network(settings, images, synchronized=replicas > 1 and settings.batch_norm == "synchronised")
        trainer = _trainer(model, settings, images, feed)
    kernels = _filtered(list_kernels(model), settings)
    masks = KernelMasks.of(trainer, kernels)
    return Workbench(settings, images, feed, model, trainer, kernels, masks, team, _given(settings, images))


def _given(settings: Settings, images: ImageSet) -> GivenWeights | None:
    if not settings.init_from:
        return None
    fresh = network(settings, images)
    return give_weights(Path(settings.init_from), fresh, caffe=settings.normalization == "caffe")


def _filtered(kernels: list[Kernel], settings: Settings) -> list[Kernel]:
    names = [kernel.name for kernel in kernels]
    patterns = split(settings.exclude)
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise unknown("kernel in --exclude", pattern, names)
    return KernelFilter(tuple(patterns), settings.protect_first, settings.protect_last).apply(kernels)


def load_images(settings: Settings) -> ImageSet:
    """The data set the settings name, split by their seed, and corrupted if they say so."""
    images = load(
        settings.dataset,
        data_dir=settings.data_dir or None,
        train_examples=settings.train_examples,
        train_fraction=settings.train_fraction,
        subset=settings.subset,
        validation_fraction=settings.validation_fraction,
        image_size=settings.image_size,
        swap_splits=settings.swap_splits,
        label_noise=settings.noise,
        seed=settings.seed_of_data,
    )
    return corrupted_images(settings, images) if settings.corruption else images


def network(settings: Settings, images: ImageSet, *, index: int = 0, synchronized: bool = False) -> keras.Model:
    """The network the settings name, with initialisation number `index`, for the images' shape and classes."""
    if settings.num_classes and settings.num_classes < images.num_classes:
        raise UsageError(
            f"--num_classes={settings.num_classes}, but {images.name} has labels up to {images.num_classes - 1}"
        )
    mean, std = _NORMALIZATIONS.get(settings.normalization, (images.mean, images.std))
    options = ModelOptions(
        width=settings.width,
        depth=settings.depth,
        width_log2=settings.width_log2,
        stem=settings.stem,
        mean=mean,
        std=std,
        initializer=settings.initializer,
        synchronized=synchronized,
    )
    return build_model(
        settings.model,
        images.train.images.shape[1:],
        settings.num_classes or images.num_classes,
        options,
        seed=randomness.integer(settings.seed, "init", index),
    )


def _trainer(model: keras.Model, settings: Settings, images: ImageSet, feed: TrainFeed) -> Trainer:
    make_objective = registry.resolve("--objective", registry.OBJECTIVES, settings.objective)
    surroundings = Surroundings(model, images, lambda path: open_teacher(path, settings.teacher_phase))
    trainer = Trainer(model, make_objective(settings, surroundings), feed, settings.precision)
    make_optimizer = registry.resolve("--optimizer", registry.OPTIMIZERS, settings.optimizer)
    trainer.compile(
        make_optimizer(
            settings.lr, settings.weight_decay, settings.decoupled_weight_decay, settings.momentum, settings.nesterov
        ),
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=False,
    )
    return trainer
