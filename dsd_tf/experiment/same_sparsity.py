"""Comparing methods at one size: the sparsity that another run ended with."""

from __future__ import annotations

from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun


def sparsity_of(run: FinishedRun, granularity: str) -> float:
    """The share of weights that a run's last network lacks, as masks of this granularity count.

    Masks of filters count a filter with all its inputs; so do the EDropout papers with their "R". Of units that a run
    of EDropout chose single weights are counted where both ends are on.
    """
    record = run.record()
    if granularity == "filter" and "units" in record:
        return 1 - record["units"]["published_ratio"]
    return record["sparsity"]


def units_of(run: FinishedRun) -> dict[str, int]:
    """By gate, how many units the last network of a run of EDropout has.

    Raises:
        UsageError: for a run of another method.
    """
    units = run.record().get("units")
    if units is None:
        raise UsageError(f"--sparsity_from: a run of --method={run.settings.method} has no units; name one of edropout")
    return {gate["name"]: gate["on"] for gate in units["gates"]}
