"""What the mean curve of a group shows: its descent, its phases, the levels worth naming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dsd_tf.analysis.double_descent import Descent, LadderPhase, find_descent, find_phases
from dsd_tf.analysis.ladder import Curve
from dsd_tf.reporting.html.levels import Level
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.tables import Table, si, spread
from dsd_tf.reporting.sparsity_axis import percent_sparse

VALLEY_AND_PEAK = (
    "Valley and peak (triangles) are of the mean curve: with T the last level whose training accuracy is at least "
    "99 %, the peak is the best test accuracy after T and the valley the worst from T to the peak; depth = dense − "
    "valley and rebound = peak − valley are at least one point each, or there is no double descent."
)
_PHASES = ("light", "critical", "sweet", "collapsed")
_PHASE_CAPTION = (
    "Phases by sparsity (%). Light: test accuracy within one point of the dense network's. Critical: from the first "
    "fall below that until it is back, or at its peak, after the valley. Sweet: until test and training accuracy are "
    "both a point or more below those at the peak. Collapsed: from there. Without a descent: light until test accuracy "
    "is lower by a point for good, critical until training accuracy is too, collapsed from there."
)


@dataclass(frozen=True)
class Findings:
    """A group, read as a sparsity ladder; without one it has no descent and no phases."""

    group: Group

    @cached_property
    def descent(self) -> Descent | None:
        return find_descent(self._curve) if self.group.is_ladder else None

    @cached_property
    def phases(self) -> list[LadderPhase]:
        return find_phases(self._curve) if self.group.is_ladder else []

    @property
    def landmarks(self) -> list[tuple[str, Level]]:
        """The levels worth a look: dense, valley and peak or else the best by validation, sparsest."""
        group, ladder = self.group, self.group.ladder
        found = [("dense" if ladder[0].sparsity == 0 else "first level", ladder[0])]
        if self.descent:
            found += [("valley", ladder[self.descent.valley]), ("peak", ladder[self.descent.peak])]
        elif group.best:
            found.append(("best by validation", group.best))
        return [*found, ("sparsest", ladder[-1])]

    @property
    def named(self) -> list[tuple[str, Level]]:
        """The landmarks and the best level by validation, each level once; all phases where there is no ladder."""
        group = self.group
        named = self.landmarks if group.is_ladder else [(level.role, level) for level in group.levels]
        if group.best and len(group.levels) > 1:
            named = [*named, ("best by validation", group.best)]
        names: dict[str, list[str]] = {level.phase: [] for level in group.levels}
        for name, level in named:
            names[level.phase].append(name)
        return [(", ".join(dict.fromkeys(names[level.phase])), level) for level in group.levels if names[level.phase]]

    @cached_property
    def _curve(self) -> Curve:
        ladder = self.group.ladder
        test, train = ([level.stat(f"{split}.top1").mean for level in ladder] for split in ("test", "train"))
        return Curve([level.sparsity for level in ladder], test, train)


def in_words(findings: Findings) -> str:
    """One sentence on the descent."""
    descent = findings.descent
    if not findings.group.is_ladder:
        return ""
    if descent is None:
        return "No double descent: test accuracy does not fall by a point and come back by one."
    dense = findings.group.ladder[0].stat("test.top1").mean
    falls, rises = (
        f"{100 * accuracy:.1f} % at {percent_sparse(sparsity)} % sparsity"
        for accuracy, sparsity in (
            (descent.valley_accuracy, descent.valley_sparsity),
            (descent.peak_accuracy, descent.peak_sparsity),
        )
    )
    return (
        f"Sparse double descent: test accuracy is {100 * dense:.1f} % at first, falls to {falls} (valley) and rises to "
        f"{rises} (peak)."
    )


def noise_rates(groups: Sequence[Group]) -> list[str]:
    """How many training labels are wrong, as measured, in words."""
    rates = {group.name: rate for group in groups if (rate := group.levels[0].stat("label_noise.rate"))}
    return [
        f"{spread(rate, 100)} % of the training labels are wrong" + ("." if len(groups) == 1 else f" ({name}).")
        for name, rate in rates.items()
    ]


def phase_table(all_findings: Sequence[Findings]) -> Table | None:
    """Phases, valley and peak of every ladder."""
    ladders = [findings for findings in all_findings if findings.group.is_ladder]
    if not ladders:
        return None
    blocks = [("" if one.group.alone else one.group.name, [[*_spans(one), *_descent_cells(one)]]) for one in ladders]
    columns = (*_PHASES, "valley: test (%)", "at sparsity (%)", "with weights", "peak: test (%)", "at sparsity (%)",
               "depth (points)", "rebound (points)")  # fmt: skip
    return Table("The phases of sparse double descent", columns, blocks, _PHASE_CAPTION, text_columns=0)


def _spans(findings: Findings) -> list[str]:
    spans = {
        phase.name: "–".join(dict.fromkeys(map(percent_sparse, (phase.from_sparsity, phase.to_sparsity))))
        for phase in findings.phases
    }
    return [spans.get(name, "–") for name in _PHASES]


def _descent_cells(findings: Findings) -> list[str]:
    descent = findings.descent
    if descent is None:
        return ["–"] * 7
    return [
        f"{100 * descent.valley_accuracy:.2f}",
        percent_sparse(descent.valley_sparsity),
        si(findings.group.ladder[descent.valley].stat("kept").mean),
        f"{100 * descent.peak_accuracy:.2f}",
        percent_sparse(descent.peak_sparsity),
        f"{100 * descent.depth:.2f}",
        f"{100 * descent.rebound:.2f}",
    ]
