"""What is worth saying of a run before it begins."""

from __future__ import annotations

from dsd_tf.data.label_noise.noise import describe_noise
from dsd_tf.experiment.workbench import Workbench


def remarks(bench: Workbench) -> list[str]:
    """A line each: on given weights, on noise in the labels, on how replicas share out a batch."""
    settings, replicas = bench.settings, bench.trainer.distribute_strategy.num_replicas_in_sync
    lines = [str(bench.given)] if bench.given else []
    if settings.noise:
        lines.append(describe_noise(settings.noise, bench.images.train))
    if replicas > 1:
        lines.append(shared_out(settings.batch_size, replicas))
    return lines


def shared_out(batch: int, replicas: int) -> str:
    """How many examples of a batch each of several replicas trains on."""
    share, more = divmod(batch, replicas)
    examples = f"{share} or {share + 1}" if more else str(share)
    said = f"{replicas} replicas train on {examples} examples of each batch of {batch}"
    uneven = "it does not divide evenly: the loss is still the mean over all of it, as on one device"
    return f"{said}; {uneven}" if more else said
