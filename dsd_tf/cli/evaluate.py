"""`bin/evaluate`: loss and accuracy of a saved network on one split of an image set."""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from absl import flags

from dsd_tf.cli import attacking, console, setting_flags, streaming
from dsd_tf.errors import UsageError, unknown
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.settings import Settings

if TYPE_CHECKING:
    from dsd_tf.data.images import Images
    from dsd_tf.export.network import Network
    from dsd_tf.training.evaluation import Scores

ABOUT = """
Evaluate a network: bin/evaluate --run_dir=DIR, or bin/evaluate --model=PATH --dataset=NAME

PATH is a .keras file or a SavedModel directory that maps images (batch, height, width, channels) of pixels in
[0, 1] to logits, or to the probabilities of a softmax at its end. A run is evaluated on its own data set unless flags
name another, and on the training labels it was given, noise included; all other labels are clean. Progress goes to
standard error; the last line of standard output is JSON: top1, top3, top5, loss (mean cross-entropy in nats), examples.

ImageNet is decoded while it is evaluated, from TFDS or from a folder of class folders, also the way Caffe does it:
bin/evaluate --model=squeezenet.keras --preprocessing=caffe --dataset=imagenet2012 --data_dir=DIR
bin/evaluate --model=squeezenet.keras --preprocessing=caffe --dataset=image_folder --data_dir=DIR/val --synsets=FILE

Adversarial and corrupted images, for sets in memory; a run trained on corrupted images is evaluated on such by itself:
bin/evaluate --run_dir=DIR --attack=worst --norm=linf --epsilon=8/255
bin/evaluate --run_dir=DIR --corruption=gaussian_noise:5
Then the line of JSON has robust_accuracy too: the share of images that are right as they are and under every attack.
"""

_DATA = (
    "dataset", "data_dir", "image_size", "num_classes", "train_examples", "train_fraction", "validation_fraction",
    "corruption", "cache_dir", "seed", "data_seed",
)  # fmt: skip
_BATCH = 500  # what a run evaluates itself with: the loss is then the same to the last bit
_SPLITS = ("train", "validation", "test")


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("model", "", "network to evaluate: .keras file or SavedModel directory")
    flags.DEFINE_string("run_dir", "", "evaluate the network of this finished run instead")
    flags.DEFINE_string("phase", "", "the run's network at the end of this phase; the last one if empty")
    flags.DEFINE_string("split", "test", f"examples to evaluate on ({' '.join(_SPLITS)})")
    text = f"examples per call of the network; if empty {_BATCH}, or {streaming.BATCH} where they are streamed"
    flags.DEFINE_integer("batch_size", None, text, lower_bound=1)
    own = ["model", "run_dir", "phase", "split", "batch_size"]
    return [*own, *setting_flags.define(_DATA), *attacking.define_flags(), *streaming.define_flags()]


def evaluate() -> dict[str, Any]:
    """Evaluate what the flags name; returns the line to print last."""
    run, attacks = _check_flags(), attacking.asked()
    settings = _settings(run)
    streamed = not run and streaming.wanted(settings)
    if streamed and (attacks or settings.corruption):
        raise UsageError("--attack and --corruption take sets of images in memory, not streamed ones")
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.export.network import Network

        # as runs do: the figures they report are to be met exactly
        tf.config.experimental.enable_op_determinism()
        tf.config.list_physical_devices()
    options = flags.FLAGS
    if run:
        network = Network.of(f"the network of {options.run_dir}", run.network(options.phase))
    else:
        network = Network.load(Path(options.model))
    if attacks:
        images, _ = _read(settings, options.split)
        attacks.threat.check_fits(images.images.shape[1:])
    if streamed:
        scores, seconds, counts = score_stream(network, settings, options.split, options.batch_size or streaming.BATCH)
    else:
        scores, seconds = score(network, settings, options.split, options.batch_size or _BATCH)
        counts = {}
    speed = scores.examples / seconds
    tops = f"top-1 {scores.top1:.2%}, top-3 {scores.top3:.2%}, top-5 {scores.top5:.2%}"
    print(f"{tops}, loss {scores.loss:.4f}, {speed:,.0f} images/s")
    times = {"seconds": round(seconds, 3), "images_per_second": round(speed, 1)}
    result = dataclasses.asdict(scores) | counts | times
    if attacks:
        result |= attacking.attack(network, images, attacks, options.batch_size or _BATCH, settings.seed)
    return result


def _settings(run: FinishedRun | None) -> Settings:
    """The run's settings, or the defaults, with what the command line says of the data."""
    settings, given = run.settings if run else Settings(), setting_flags.given(_DATA)
    if "dataset" in given:
        settings = settings.without_noise().without_subset()
    return dataclasses.replace(settings, **given)


def _check_flags() -> FinishedRun | None:
    """Check the flags before TensorFlow's start, which takes seconds; returns the run they name, if any."""
    options = flags.FLAGS
    if bool(options.model) == bool(options.run_dir):
        raise UsageError("give either --model or --run_dir; see --help")
    if options.split not in _SPLITS:
        raise unknown("--split", options.split, _SPLITS)
    if options.run_dir:
        run = FinishedRun(options.run_dir)
        run.record(options.phase)
        return run
    if options.phase:
        raise UsageError("--phase goes with --run_dir; --model names one network")
    if not Path(options.model).exists():
        raise UsageError(f"--model={options.model} does not exist")
    return None


def score(network: Network, settings: Settings, split: str, batch_size: int) -> tuple[Scores, float]:
    """The scores of a network on a split of the data set that the settings name, and the seconds they took.

    Raises:
        UsageError: if the data cannot be read or do not fit the network, or its loss is not finite.
    """
    from dsd_tf.training.evaluation import Evaluator

    images, classes = _read(settings, split)
    network.check(images.images.shape[1:], classes, f"data set {settings.dataset!r}")
    return _timed(network, len(images), Evaluator(network.logits, images, batch_size).stepwise)


def score_stream(
    network: Network, settings: Settings, split: str, batch_size: int
) -> tuple[Scores, float, dict[str, int]]:
    """As `score`, for images that the flags of `streaming` name; and how many could not be decoded.

    Raises:
        UsageError: as `score`, and for images that cannot be decoded unless that is allowed.
    """
    from dsd_tf.training.evaluation import streamed_scores

    reader = streaming.open_reader(network, settings, split, batch_size)
    evaluate = functools.partial(streamed_scores, network.logits, reader)
    scores, seconds = _timed(network, reader.examples, evaluate)
    return scores, seconds, {"skipped": streaming.check_skipped(reader)}


def _timed(
    network: Network, examples: int, evaluate: Callable[[Callable[[int], None]], Scores]
) -> tuple[Scores, float]:
    progress = RunProgress(examples)

    def reached(done: int) -> None:
        progress.reach(done)
        progress.line(f"{done:,} of {examples:,} images")

    started = time.monotonic()
    try:
        scores = evaluate(reached)
    finally:
        progress.close()
    if not math.isfinite(scores.loss):
        raise UsageError(f"{network.name} gives logits that are not finite: its loss is {scores.loss}")
    return scores, time.monotonic() - started


def _read(settings: Settings, split: str) -> tuple[Images, int]:
    """The images of a split, and how many classes a network for them tells apart."""
    from dsd_tf.experiment.workbench import load_images

    if split == "test":
        settings = dataclasses.replace(settings, validation_fraction=0)
    if split != "train":
        # reading all of them would only take time and memory
        settings = dataclasses.replace(settings.without_noise().without_subset(), train_examples=1)
    images = load_images(settings)
    if getattr(images, split) is None:
        raise UsageError(f"data set {settings.dataset!r} has no validation split; give --validation_fraction")
    return getattr(images, split), settings.num_classes or images.num_classes


def main() -> NoReturn:
    """Entry point of `bin/evaluate`."""
    console.start(evaluate, define_flags(), ABOUT)
