"""What is on the page: its sections, each left out where the runs have nothing for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dsd_tf.errors import UsageError
from dsd_tf.reporting.html import figures, provenance
from dsd_tf.reporting.html.accuracy import plot_accuracy
from dsd_tf.reporting.html.by_phase import plot_by_phase
from dsd_tf.reporting.html.commands import report_command, train_command
from dsd_tf.reporting.html.curves import CurveFigure, plot_curves
from dsd_tf.reporting.html.findings import Findings, in_words, noise_rates, phase_table
from dsd_tf.reporting.html.layers import plot_density, plot_entropy
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group, StoredRun, group_runs
from dsd_tf.reporting.html.stopping import plot_stops, replays, stop_table
from dsd_tf.reporting.html.sweeps import curves_of
from dsd_tf.reporting.html.tables import Table, all_levels, headline
from dsd_tf.reporting.html.training import plot_chosen_phases, plot_whole_runs
from dsd_tf.reporting.html.units import network_table, plot_search, plot_units, searching, unit_table


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    anchor: str
    title: str
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()
    texts: Sequence[str] = ()
    commands: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.plots or self.tables or self.commands)


@dataclass(frozen=True)
class Page:
    """A report, ready to be rendered."""

    title: str
    lead: str
    warnings: Sequence[str]
    sections: Sequence[Section] = field(repr=False)

    @property
    def plots(self) -> list[Plot]:
        """All figures, in order."""
        return [plot for section in self.sections for plot in section.plots]


def make_page(runs: Sequence[StoredRun]) -> Page:
    """The report of these runs.

    Raises:
        UsageError: if none of them has finished a phase.
    """
    groups = group_runs(runs)
    if not groups:
        raise UsageError(f"nothing to report: no phase is finished yet in {', '.join(run.path for run in runs)}")
    found = [Findings(group) for group in groups]
    sections = [*_results(found), *_training(found), *_origin(groups, runs)]
    warnings = [f"{run.path}: {run.state}." for run in runs if not run.finished]
    return Page(_title(groups), _lead(groups), warnings, [section for section in sections if not section.is_empty])


def _results(found: Sequence[Findings]) -> Iterable[Section]:
    groups = [one.group for one in found]
    stops = replays(groups)
    texts = [text for one in found if one.group.alone and (text := in_words(one))]
    yield Section("results", "Results", tables=[headline(groups, [one.named for one in found])], texts=texts)
    if len({level.sparsity for group in groups for level in group.ladder}) >= 3:
        curves = curves_of(groups)
        accuracy = plot_accuracy([Findings(curve) for curve in curves])
        yield Section("accuracy", "Accuracy against sparsity", *_present([accuracy], [phase_table(found)]))
        yield _curves(curves, figures.BEST_EPOCH)
        yield _curves(curves, figures.ROBUSTNESS)
        yield _curves(curves, figures.ROBUST_GAP)
        yield dataclasses.replace(_curves(curves, figures.LABEL_NOISE), texts=noise_rates(groups))
        yield Section("entropy", "Entropy", *_present([plot_curves(figures.ENTROPY, curves), plot_entropy(groups)]))
        yield _curves(curves, figures.DISTANCE)
        yield Section("density", "Density of each layer", *_present([plot_density(groups)]))
        cost = [plot_curves(what, curves) for what in (figures.FLOPS, figures.TRAINING_COST)]
        yield Section("cost", "FLOPs", *_present(cost))
    if searching(groups):
        tables = [network_table(groups), unit_table(groups)]
        yield Section("units", "Units", *_present([plot_search(groups), plot_units(groups)], tables))
    if stops:
        yield Section("stopping", "Stop rules", *_present([plot_stops(stops)], [stop_table(stops)]))


def _training(found: Sequence[Findings]) -> Iterable[Section]:
    ladders = [one for one in found if one.group.is_ladder]
    others = [one.group for one in found if not one.group.is_ladder]
    plots = []
    if others:
        yield Section("phases", "Phase by phase", *_present([plot_by_phase(others)]))
        plots.append(plot_whole_runs(others))
    if ladders:
        plots.append(plot_chosen_phases([one.group for one in ladders], _chosen(ladders)))
    yield Section("training", "Training", *_present(plots))


def _chosen(ladders: Sequence[Findings]) -> dict[str, dict[str, list[str]]]:
    """The landmarks of the groups: what they are, and the phase of each group."""
    chosen: dict[str, dict[str, list[str]]] = {}
    for one in ladders:
        for what, level in one.landmarks:
            chosen.setdefault(what, {})[one.group.name] = [level.phase]
    return {_panel_title(what, phases): phases for what, phases in chosen.items()}


def _panel_title(what: str, phases: dict[str, list[str]]) -> str:
    """The landmark, and its phase where that is the same in all groups."""
    names = {phase for run in phases.values() for phase in run}
    return f"{what} ({names.pop()})" if len(names) == 1 and what not in names else what


def _origin(groups: Sequence[Group], runs: Sequence[StoredRun]) -> Iterable[Section]:
    yield Section("levels", "All phases", tables=[all_levels(groups)])
    yield Section("settings", "Settings", tables=provenance.setting_tables(groups))
    yield Section("commands", "Commands", commands=[*map(train_command, runs), report_command(runs)])
    about_runs = [provenance.run_table(groups, runs), provenance.version_table(runs)]
    yield Section("runs", "Runs and versions", tables=about_runs)


def _curves(groups: Sequence[Group], what: CurveFigure) -> Section:
    return Section(what.name, what.title, *_present([plot_curves(what, groups)]))


def _present(plots: Sequence[Plot | None], tables: Sequence[Table | None] = ()) -> tuple[list[Plot], list[Table]]:
    return [plot for plot in plots if plot], [table for table in tables if table]


def _title(groups: Sequence[Group]) -> str:
    settings = [group.runs[0].settings for group in groups]
    shared = [
        str(getattr(settings[0], name))
        for name in ("model", "dataset", "method")
        if len({getattr(one, name) for one in settings}) == 1
    ]
    return " · ".join(shared) or "Comparison of runs"


def _lead(groups: Sequence[Group]) -> str:
    runs = sum(len(group.runs) for group in groups)
    seeds = sorted({run.settings.seed for group in groups for run in group.runs})
    what = "one configuration" if len(groups) == 1 else f"{len(groups)} configurations"
    plural = "s" if runs > 1 else ""
    return f"{runs} run{plural} of {what}, seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}."
