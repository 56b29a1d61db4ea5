"""`bin/entropy`: the entropy of the ON/OFF states of a network's ReLUs, level by level of a run."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from absl import flags

from dsd_tf.analysis.double_descent import find_descent
from dsd_tf.analysis.ladder import Curve, rungs
from dsd_tf.cli import console, setting_flags
from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.files import replacing, write_json
from dsd_tf.reporting.entropy import Measured, plot_entropy_against_sparsity, print_entropies
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.settings import Settings

if TYPE_CHECKING:
    import keras

    from dsd_tf.data.images import Images

ABOUT = """
Measure the entropy of ReLU states: bin/entropy --run_dir=DIR, or bin/entropy --model=PATH.keras --dataset=NAME

A unit is ON for an image if its ReLU's input is positive. ON for a share p of the training images (not augmented), it
has -p log2 p - (1-p) log2 (1-p) bits; a layer has the mean of its units, the network the mean of its layers. Every
phase of a run is measured unless --phase names one. Prints tables, writes all figures as JSON and, for a run's whole
ladder, a plot against sparsity beside it; the last line of standard output is JSON.
"""

_DATA = ("dataset", "data_dir", "image_size", "train_examples", "validation_fraction", "seed")


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("run_dir", "", "directory of a finished run of bin/train")
    flags.DEFINE_string("phase", "", "measure the run's network at the end of this phase alone; all if empty")
    flags.DEFINE_string("model", "", "measure the network in this .keras file instead")
    text = "the .json file to write, the plot beside it; RUN/analysis/entropy.json or beside the model if empty"
    flags.DEFINE_string("output", "", text)
    flags.DEFINE_integer("batch_size", 500, "images per call of the network", lower_bound=1)
    flags.DEFINE_bool("legacy_first_batch", False, "only count the first 400 images, as the code of the paper does")
    own = ["run_dir", "phase", "model", "output", "batch_size", "legacy_first_batch"]
    return [*own, *setting_flags.define(_DATA)]


def entropy() -> dict[str, Any]:
    """Measure what the flags name; returns the line to print last."""
    run, output = _check_flags(), _output()
    settings = dataclasses.replace(run.settings if run else Settings(), **setting_flags.given(_DATA))
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.export import keras_file

        tf.config.list_physical_devices()
    options = flags.FLAGS
    model = run.network(options.phase) if run else keras_file.load(Path(options.model))
    networks = _measure(run, model, _training_images(settings, model))
    print_entropies(networks)
    found = _ladder(run, networks, output.with_suffix(".png")) if run and not options.phase else {}
    found |= {"images": networks[0].entropy["images"], "legacy_first_batch": options.legacy_first_batch}
    write_json(output, found | {"networks": [dataclasses.asdict(network) for network in networks]})
    print(f"\nwritten to {' and '.join(filter(None, [str(output), found.get('plot')]))}")
    return found | {"output": str(output), "networks": [_headline(network) for network in networks]}


def _check_flags() -> FinishedRun | None:
    """Check the flags before TensorFlow's start, which takes seconds; returns the run they name, if any."""
    options = flags.FLAGS
    if bool(options.model) == bool(options.run_dir):
        raise UsageError("give either --run_dir or --model; see --help")
    if options.run_dir:
        run = FinishedRun(options.run_dir)
        run.record(options.phase)
        return run
    if options.phase:
        raise UsageError("--phase goes with --run_dir; --model names one network")
    if Path(options.model).suffix != ".keras":
        raise UsageError(f"--model={options.model} is not a .keras file: no other format tells where its ReLUs are")
    if not Path(options.model).exists():
        raise UsageError(f"--model={options.model} does not exist")
    return None


def _output() -> Path:
    """Where the figures go; measurements of different things have different places."""
    options = flags.FLAGS
    name = "-".join(filter(None, ["entropy", options.phase, "first_batch" if options.legacy_first_batch else ""]))
    if options.output:
        if Path(options.output).suffix != ".json":
            raise UsageError(f"--output={options.output} does not end in .json")
        return Path(options.output)
    if options.model:
        return Path(options.model).with_suffix(f".{name}.json")
    return Path(options.run_dir) / "analysis" / f"{name}.json"


def _training_images(settings: Settings, model: keras.Model) -> Images:
    """The training images as they are, UsageError if they do not fit the network; labels play no part."""
    from dsd_tf.experiment.workbench import load_images
    from dsd_tf.export.network import Network

    images = load_images(settings.without_noise()).train
    network = Network.of(f"network {model.name!r}", model)
    network.check(images.images.shape[1:], network.classes, f"data set {settings.dataset!r}")
    return images


def _measure(run: FinishedRun | None, model: keras.Model, images: Images) -> list[Measured]:
    """One measurement for each network that the flags name."""
    from dsd_tf.analysis.entropy import EntropyMeter

    options = flags.FLAGS
    meter = EntropyMeter(model, images, batch_size=options.batch_size, legacy_first_batch=options.legacy_first_batch)
    names = [Path(options.model).stem] if run is None else [options.phase] if options.phase else run.phases
    progress, networks = RunProgress(len(names) * meter.images), []
    try:
        for number, name in enumerate(names):
            if run:
                run.bring(model, name)
            sparsity = run.record(name)["sparsity"] if run else _sparsity(model)
            reached = functools.partial(_show_progress, progress, name, number * meter.images)
            networks.append(Measured(name, sparsity, meter(reached).to_json()))
    finally:
        progress.close()
    return networks


def _show_progress(progress: RunProgress, name: str, before: int, done: int) -> None:
    progress.reach(before + done)
    progress.line(f"{name}: {done:,} images")


def _sparsity(model: keras.Model) -> float:
    """The share of zeros in the prunable weights."""
    from dsd_tf.training.kernels import list_kernels

    kernels = [kernel.variable.numpy() for kernel in list_kernels(model) if not kernel.why_dense]
    size = sum(kernel.size for kernel in kernels)
    return sum(int((kernel == 0).sum()) for kernel in kernels) / size if size else 0.0


def _ladder(run: FinishedRun, networks: list[Measured], path: Path) -> dict[str, Any]:
    """Valley and peak of a run's ladder, and its plot if it has more than one level."""
    ladder = rungs([run.record(phase) for phase in run.phases])
    curve = Curve.of(ladder)
    descent = find_descent(curve)
    found = {"descent": descent.to_json() if descent else None, "plot": None}
    if len(ladder) > 1:
        names = {record["phase"] for record in ladder}
        levels = [network for network in networks if network.name in names]
        with replacing(path) as temporary:
            plot_entropy_against_sparsity(levels, curve, descent, temporary)
        found["plot"] = str(path)
    return found


def _headline(network: Measured) -> dict[str, Any]:
    figures = {key: network.entropy[key] for key in ("mean", "unit_mean")}
    return {"name": network.name, "sparsity": network.sparsity} | figures


def main() -> NoReturn:
    """Entry point of `bin/entropy`."""
    console.start(entropy, define_flags(), ABOUT)
