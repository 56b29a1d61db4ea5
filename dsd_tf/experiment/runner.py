"""Carries out a whole run: plan, phases, reports. Running it again continues where it was."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from pathlib import Path
from typing import Any

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.experiment.execution import steps_per_execution
from dsd_tf.experiment.mask_history import STEP_PASSES
from dsd_tf.experiment.phases import PhaseRunner, given_masks
from dsd_tf.experiment.remarks import remarks
from dsd_tf.experiment.run_directory import RunDirectory, write_lines
from dsd_tf.experiment.same_sparsity import sparsity_of
from dsd_tf.experiment.state import read_meta, restore
from dsd_tf.experiment.stopping import check_stop_rule, final_record, stop_rule
from dsd_tf.experiment.summary import environment, summarise, versions
from dsd_tf.experiment.teacher import digest
from dsd_tf.experiment.unison import compare_inputs
from dsd_tf.experiment.workbench import Workbench, build_workbench
from dsd_tf.export import keras_file
from dsd_tf.files import read_arrays, replacing, write_json
from dsd_tf.methods.plan import FromRun, Phase
from dsd_tf.reporting.layers import layer_table, total_flops
from dsd_tf.reporting.plots import plot_accuracy_against_sparsity
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.settings import Settings
from dsd_tf.sparsity.masks import Masks
from dsd_tf.workers.cluster import cluster_of
from dsd_tf.workers.team import Team


def make_plan(bench: Workbench) -> list[Phase]:
    """The phases of the method the settings name.

    Raises:
        UsageError: if the settings ask for the impossible, so that it need not be found out hours later.
    """
    plan = _plan(bench)
    for phase in plan:
        if isinstance(phase.masks, FromRun):
            given_masks(phase.masks, bench)
    _ = bench.units  # made to be checked
    return plan


def _plan(bench: Workbench) -> list[Phase]:
    if not bench.masks.shapes and bench.settings.method != "dense":
        raise UsageError(f"--method={bench.settings.method} has nothing to prune: every kernel is left dense")
    check_stop_rule(bench.settings, bench.images.validation is not None)
    method = registry.resolve("--method", registry.METHODS, bench.settings.method)
    fixed = bench.selection.fixed_sparsity(bench.masks.shapes)
    if fixed is None:
        return method(_with_sparsity(bench), bench.facts)
    if bench.like:
        raise UsageError(f"--sparsity_from: --granularity and --allocation already prune to sparsity {fixed:.4g}")
    if bench.settings.method == "iterative":
        raise UsageError(
            f"--granularity={bench.settings.granularity} --allocation={bench.settings.allocation} always prunes to "
            f"sparsity {fixed:.4g}, which leaves no levels for --method=iterative; use one_shot, gradual or dsd"
        )
    return method(dataclasses.replace(bench.settings, sparsity=fixed), bench.facts)


def _with_sparsity(bench: Workbench) -> Settings:
    """The settings, with the sparsity of the run that `--sparsity_from` names."""
    if not bench.like:
        return bench.settings
    return dataclasses.replace(bench.settings, sparsity=sparsity_of(bench.like, bench.settings.granularity))


def run(settings: Settings, path: str, team: Team | None = None) -> dict[str, Any]:
    """Train what `settings` describe in directory `path`, or what is left of it; returns the content of summary.json.

    With a `team` (see `experiment.teamwork`) all its workers do, each in a directory of its own.

    Raises:
        UsageError: for bad settings, data or files, or a directory of another configuration.
        Diverged: if the loss is not finite.
    """
    team = team or Team.of_one()
    if team.is_alone and cluster_of(settings.strategy):
        raise UsageError(f"--strategy={settings.strategy} with a TF_CONFIG of several workers is for bin/train alone")
    with RunDirectory(path, settings) as directory:
        return directory.result() or _run(settings, directory, team)


def _run(settings: Settings, directory: RunDirectory, team: Team) -> dict[str, Any]:
    started = time.monotonic()
    bench = build_workbench(settings, team)
    plan = make_plan(bench)
    inputs = _inputs(bench)
    compare_inputs(team, bench.images, {**versions(), **inputs})
    directory.create(versions(), inputs)
    _set_steps_per_execution(bench, plan)
    progress = RunProgress(sum(phase.stop - phase.start for phase in plan), shown=team.is_chief)
    for remark in remarks(bench):
        progress.say(remark)
    try:
        metas = _run_phases(bench, plan, directory, progress)
    finally:
        progress.close()
    _finish(bench, directory, metas, time.monotonic() - started)
    return directory.result()


def _inputs(bench: Workbench) -> dict[str, str]:
    """Flag -> SHA-256 of what it names, of files and runs whose content results depend on."""
    inputs = {"init_from": bench.given.sha256} if bench.given else {}
    for name in ("label_noise_file", "train_subset"):
        if file := getattr(bench.settings, name):
            inputs[name] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    if bench.settings.teacher:
        inputs["teacher"] = digest(bench.settings.teacher)
    if bench.like:
        inputs["sparsity_from"] = bench.like.digest
    return inputs


def _run_phases(
    bench: Workbench, plan: list[Phase], directory: RunDirectory, progress: RunProgress
) -> list[dict[str, Any]]:
    runner, rule = PhaseRunner(bench, directory, progress), stop_rule(bench.settings)
    metas: list[dict[str, Any]] = []
    steps = 0
    for number, phase in enumerate(plan):
        if directory.phase(phase.name).exists():
            metas.append(read_meta(read_arrays(directory.phase(phase.name))))
        else:
            progress.phase(phase.name, number + 1, len(plan))
            epochs = [epoch for meta in metas for epoch in meta["epochs"]]
            metas.append(runner.run(phase, number, epochs, steps))
            progress.say(_line(metas[-1], number + 1, len(plan)))
        steps += phase.stop - phase.start
        write_lines(directory.levels, [meta["record"] | {"seconds": meta["seconds"]} for meta in metas])
        ends_level = number + 1 == len(plan) or plan[number + 1].level != phase.level
        reason = ends_level and rule.reason_to_stop([meta["record"] for meta in metas])
        if reason := bench.team.of_chief(reason):
            progress.say(f"stopped after {phase.name}: {reason}")
            break
    write_lines(directory.metrics, [epoch for meta in metas for epoch in meta["epochs"]])
    return metas


def _line(meta: dict[str, Any], number: int, count: int) -> str:
    record = meta["record"]
    return (
        f"[{number}/{count}] {record['phase']}: sparsity {record['sparsity']:.2%} ({record['kept']:,} weights), "
        f"train {record['train']['top1']:.2%}, test {record['test']['top1']:.2%}, {meta['seconds']:.1f} s"
    )


def _finish(bench: Workbench, directory: RunDirectory, metas: list[dict[str, Any]], seconds: float) -> None:
    """Write the network, table and plot; summary.json last, as it says that the run is complete."""
    records = [meta["record"] for meta in metas]
    final = final_record(bench.settings, records)
    restore(read_arrays(directory.phase(final["phase"])), model=bench.model.variables)
    bench.masks.apply(Masks.load(directory.masks(final["phase"])))
    keras_file.export(bench.model, directory.model)
    if len(records) > 1:
        with replacing(directory.plot) as temporary:
            plot_accuracy_against_sparsity(records, temporary)
    results = summarise(bench.settings, records, final, layer_table(bench.kernels, bench.masks.masks))
    timing = {
        "seconds_by_phase": {meta["record"]["phase"]: round(meta["seconds"], 3) for meta in metas},
        "training_seconds": round(sum(meta["seconds"] for meta in metas), 3),
        "last_process_seconds": round(seconds, 3),
    }
    write_json(directory.summary, {"results": results, "timing": timing, "environment": environment()})


def _set_steps_per_execution(bench: Workbench, plan: list[Phase]) -> None:
    forward = total_flops(layer_table(bench.kernels, bench.masks.masks), "dense_flops") or 0
    objective = bench.trainer.objective
    bench.trainer.steps_per_execution = steps_per_execution(
        plan,
        bench.feed.steps_per_epoch,
        step_flops=((STEP_PASSES + objective.extra_passes) * forward + objective.extra_flops)
        * bench.settings.batch_size,
        wanted=bench.settings.steps_per_execution,
    )
