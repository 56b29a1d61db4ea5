"""Where each stop rule would have ended the ladder, what that costs, and what the network it keeps is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from dsd_tf.analysis.stop_outcomes import StopOutcome, stop_outcomes
from dsd_tf.errors import UsageError
from dsd_tf.reporting.html.levels import Stat
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.runs import Group, StoredRun
from dsd_tf.reporting.html.style import INK, MARKERS, RC, grid, legend_below, look
from dsd_tf.reporting.html.tables import Table, percent, si, spread

_CAPTION = (
    "What each rule would have made of these ladders, level by level, without looking at test accuracy, which is "
    "of the network it keeps. none: all levels, keep the best validation accuracy. accuracy: stop at the first level "
    "more than --stop_tolerance points below the dense network, keep the one before. entropy: armed once the network's "
    "entropy was below the dense one's by the share --stop_entropy_drop at two levels running, stop --stop_patience "
    "levels after the best validation accuracy since then, keep that level. Training FLOPs count every training up to "
    "the stop at the cost of the dense network, without a teacher's."
)


@dataclass(frozen=True)
class Replay:
    """What a rule would have made of the finished ladders of a group."""

    group: Group
    rule: str
    outcomes: list[StopOutcome]

    def stat(self, figure: str) -> Stat | None:
        """Over runs, a figure of the outcomes."""
        return Stat.of(getattr(outcome, figure) for outcome in self.outcomes)


def replays(groups: Sequence[Group]) -> list[Replay]:
    """Every rule on every group that has ladders with what the rule looks at: validation accuracy, entropy."""
    found = [
        Replay(group, rule, [outcome for run in group.runs if (outcome := _outcome(run, rule))])
        for group in groups
        if group.is_ladder
        for rule in group.runs[0].stop_rules
    ]
    return [replay for replay in found if replay.outcomes]


def _outcome(run: StoredRun, rule: str) -> StopOutcome | None:
    if not run.finished:
        return None
    try:
        return stop_outcomes(run.records, {rule: run.stop_rules[rule]})[0]
    except UsageError:  # the records lack what the rule looks at
        return None


def stop_table(found: Sequence[Replay]) -> Table:
    """The rules by group."""
    columns = ("rule", "stops after", "trainings", "training FLOPs", "saved (%)", "keeps: sparsity (%)",
               "keeps: test (%)", "gain over no stop (points)")  # fmt: skip
    rows: dict[str, list[list[str]]] = {}
    for replay in found:
        rows.setdefault("" if replay.group.alone else replay.group.name, []).append(_row(replay))
    return Table("", columns, list(rows.items()), _CAPTION, text_columns=2)


@matplotlib.rc_context(RC)
def plot_stops(found: Sequence[Replay]) -> Plot | None:
    """What each rule costs against what it keeps: a colour for each group, a marker for each rule."""
    found = [replay for replay in found if replay.stat("training_flops")]
    if not found:
        return None
    rules = list(dict.fromkeys(replay.rule for replay in found))
    figure, (axes,) = grid(1)
    for replay in found:
        _draw(axes, replay, MARKERS[rules.index(replay.rule)])
    for group in {replay.group.index: replay.group for replay in found if not replay.group.alone}.values():
        axes.plot([], [], color=look(group.index)["color"], linewidth=6, label=group.name)
    for marker, rule in zip(MARKERS, rules, strict=False):
        axes.plot([], [], marker, color=INK, label=f"stop rule {rule}")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.set(xlabel="training FLOPs up to the stop", ylabel="test accuracy of the network kept (%)")
    axes.margins(0.12)
    legend_below(figure, axes)
    rows = [
        [replay.group.name, replay.rule, run, *outcome.to_json().values()]
        for replay in found
        for run, outcome in enumerate(replay.outcomes, 1)
    ]
    columns = ["configuration", "rule", "run", *found[0].outcomes[0].to_json()]
    caption = "Accuracy and cost of each rule: mean over runs, bars of one sample standard deviation."
    return Plot("stop_rules", "What stopping costs and keeps", caption, figure, columns, rows)


def _draw(axes: Axes, replay: Replay, marker: str) -> None:
    cost, test = replay.stat("training_flops"), replay.stat("test")
    error = test.std and 100 * test.std
    axes.errorbar(
        cost.mean,
        100 * test.mean,
        xerr=cost.std,
        yerr=error,
        fmt=marker,
        color=look(replay.group.index)["color"],
        markersize=8,
    )


def _row(replay: Replay) -> list[str]:
    cost, saved = replay.stat("training_flops"), replay.stat("flops_saved")
    stops = Counter(outcome.stopped or "the end" for outcome in replay.outcomes)
    return [
        replay.rule,
        ", ".join(f"{phase} × {runs}" if runs > 1 else phase for phase, runs in stops.items()),
        spread(replay.stat("trainings"), digits=1),
        si(cost and cost.mean),
        f"{100 * saved.mean / (saved.mean + cost.mean):.0f}" if saved and cost else "–",
        percent(replay.stat("sparsity")),
        percent(replay.stat("test")),
        percent(replay.stat("gain")),
    ]
