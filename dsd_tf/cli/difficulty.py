"""`bin/difficulty`: how hard the training examples of a set are, by networks trained on them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from absl import flags

from dsd_tf import registry
from dsd_tf.cli import console, setting_flags
from dsd_tf.errors import UsageError, unknown
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.reporting.tables import make_table, print_table
from dsd_tf.settings import Settings, split

if TYPE_CHECKING:
    import keras
    import numpy as np

    from dsd_tf.data.sources import ImageSet

ABOUT = """
Score training examples: bin/difficulty --run_dir=DIR,DIR,... --score=el2n --output=FILE.npz
                     or: bin/difficulty --model=FILE.keras,... --dataset=NAME --output=FILE.npz

Scores of several networks are averaged; the higher, the harder. Runs are to have trained on the same examples: give
them different --seed and one --data_seed. Then train on the hardest, or the --easiest, of all or --stratified by
class, with the --data_seed and --validation_fraction of the runs:
bin/train --train_subset=FILE.npz --hardest=0.5 --data_seed=0

el2n        norm of softmax - one-hot label (Paul et al. 2021; they score after few epochs, with ten runs)
grand       norm of the loss's gradient with respect to all weights: one pass per example, slow
loss        cross-entropy in nats
confidence  1 - probability of the label
forgetting  how often an example was right after an epoch and wrong after the next (Toneva et al. 2019); one that
            never was right counts as many as there are epochs. For runs trained with --record_learning.
"""

_FORGETTING = "forgetting"
_SCORES = (*registry.DIFFICULTY_SCORES, _FORGETTING)
_DATA = ("dataset", "data_dir", "image_size", "num_classes", "train_examples", "train_fraction",
         "validation_fraction", "corruption", "cache_dir", "seed", "data_seed")  # fmt: skip
_EXAMPLES = ("dataset", "train_examples", "train_fraction", "train_subset", "hardest", "easiest", "stratified",
             "validation_fraction", "corruption", "label_noise", "label_noise_kind", "label_noise_file")  # fmt: skip


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("run_dir", "", "comma-separated directories of finished runs of bin/train")
    flags.DEFINE_string("phase", "", "score the runs' networks at the end of this phase; the last one if empty")
    flags.DEFINE_string("model", "", "comma-separated .keras files, instead of runs")
    flags.DEFINE_string("score", "el2n", f"what is measured ({' '.join(_SCORES)})")
    flags.DEFINE_string("output", "", "the .npz file to write")
    return ["run_dir", "phase", "model", "score", "output", *setting_flags.define(_DATA)]


def difficulty() -> dict[str, Any]:
    """Score what the flags name; returns the line to print last."""
    runs, options = _check_flags(), flags.FLAGS
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.data.difficulty import Difficulty
        from dsd_tf.data.known import base_name
        from dsd_tf.experiment.workbench import load_images

        tf.config.list_physical_devices()
    settings = dataclasses.replace(runs[0].settings if runs else Settings(), **setting_flags.given(_DATA))
    images = load_images(settings)
    classes = settings.num_classes or images.num_classes
    scores = _forgetting(runs, images) if options.score == _FORGETTING else _average(runs, images, classes)
    found = Difficulty(base_name(settings.dataset), images.train_size, options.score, images.train_names, scores)
    found.save(Path(options.output))
    _print(scores, images)
    print(f"\nwritten to {options.output}")
    return {
        "dataset": found.dataset,
        "score": found.score,
        "examples": len(scores),
        "networks": len(runs) or len(split(options.model)),
        "mean": float(scores.mean()),
        "least": float(scores.min()),
        "most": float(scores.max()),
        "output": options.output,
    }


def _check_flags() -> list[FinishedRun]:
    """Check the flags before TensorFlow's start, which takes seconds; returns the runs they name, if any."""
    options = flags.FLAGS
    if bool(options.run_dir) == bool(options.model):
        raise UsageError("give either --run_dir or --model; see --help")
    if options.score not in _SCORES:
        raise unknown("--score", options.score, _SCORES)
    if Path(options.output).suffix != ".npz":
        raise UsageError(f"--output={options.output} must be an .npz file")
    if options.model and (options.phase or options.score == _FORGETTING):
        raise UsageError("--phase and --score=forgetting go with --run_dir; --model names networks as they are")
    for path in split(options.model):
        if not Path(path).exists():
            raise UsageError(f"--model={path} does not exist")
    runs = [FinishedRun(path) for path in split(options.run_dir)]
    for path, run in zip(split(options.run_dir), runs, strict=True):
        run.record(options.phase)
        _check_same_examples(runs[0].settings, run.settings, path)
    return runs


def _check_same_examples(first: Settings, other: Settings, path: str) -> None:
    wanted, found = _examples(first), _examples(other)
    differing = [f"--{name}={found[name]} (not {wanted[name]})" for name in wanted if found[name] != wanted[name]]
    if differing:
        raise UsageError(f"the run in {path} trained on other examples than the first: {', '.join(differing)}")


def _examples(settings: Settings) -> dict[str, Any]:
    """What decides which training examples there are, and their labels."""
    drawn = settings.validation_fraction or settings.train_examples or settings.train_fraction != 1
    return {name: getattr(settings, name) for name in _EXAMPLES} | {
        "data_seed": settings.seed_of_data if drawn or settings.corruption else None,
        "seed": settings.seed if settings.label_noise else None,
    }


def _average(runs: list[FinishedRun], images: ImageSet, classes: int) -> np.ndarray:
    """The mean of the networks' scores, float64 [N]."""
    import numpy as np

    from dsd_tf.export.network import Network

    score = registry.resolve("--score", registry.DIFFICULTY_SCORES, flags.FLAGS.score)
    openers, size = _openers(runs), len(images.train)
    total, progress = np.zeros(size), RunProgress(len(openers) * size)

    def reached(done: int) -> None:
        progress.reach(before + done)
        progress.line(f"{before + done:,} of {progress.total:,} examples")

    try:
        for number, (name, open_network) in enumerate(openers.items()):
            before, network = number * size, open_network()
            Network.of(name, network).check(images.train.images.shape[1:], classes, f"data set {images.name!r}")
            total += score(network, images.train, reached)
    finally:
        progress.close()
    return total / len(openers)


def _openers(runs: list[FinishedRun]) -> dict[str, Callable[[], keras.Model]]:
    """By their names, what opens the networks from images to logits."""
    from dsd_tf.export import keras_file
    from dsd_tf.export.softmax import logits_model

    options = flags.FLAGS
    if runs:
        paths = split(options.run_dir)
        return {path: functools.partial(run.network, options.phase) for path, run in zip(paths, runs, strict=True)}
    return {path: lambda path=path: logits_model(keras_file.load(Path(path))) for path in split(options.model)}


def _forgetting(runs: list[FinishedRun], images: ImageSet) -> np.ndarray:
    import numpy as np

    from dsd_tf.robustness.difficulty import forgetting

    right = [run.learning(flags.FLAGS.phase) for run in runs]
    if any(one.shape[1] != len(images.train) for one in right):
        raise UsageError("--score=forgetting is of the examples the runs trained on: leave flags of the data out")
    return np.mean([forgetting(one) for one in right], axis=0)


def _print(scores: np.ndarray, images: ImageSet) -> None:
    """Per class: how hard it is, and how much of it is in the harder half of all examples."""
    import numpy as np

    harder = np.zeros(len(scores), bool)
    harder[np.argsort(-scores, kind="stable")[: len(scores) // 2]] = True
    table = make_table("class", "examples", "mean score", "in the harder half")
    for label in np.unique(images.train.labels):
        of_class = images.train.labels == label
        shares = f"{scores[of_class].mean():.4f}", f"{harder[of_class].mean():.1%}"
        table.add_row(str(label), f"{of_class.sum():,}", *shares)
    print_table(table)


def main() -> NoReturn:
    """Entry point of `bin/difficulty`."""
    console.start(difficulty, define_flags(), ABOUT)
