"""Tables of the page, as text cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import EngFormatter

from dsd_tf.reporting.html.levels import Level, Stat
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.sparsity_axis import percent_sparse

_NOTHING = "–"
_SI = EngFormatter(places=2)


@dataclass(frozen=True)
class Table:
    """Rows under `columns`, in blocks with a heading each (none where it is empty); folded away if `folded` says so.

    The first `text_columns` columns hold words, the others numbers.
    """

    title: str
    columns: Sequence[str]
    blocks: Sequence[tuple[str, Sequence[Sequence[str]]]]
    caption: str = ""
    text_columns: int = 1
    folded: bool = False


def percent(stat: Stat | None, digits: int = 2) -> str:
    """A share in percent, with the standard deviation where there are several runs."""
    return spread(stat, 100, digits)


def spread(stat: Stat | None, scale: float = 1, digits: int = 2) -> str:
    """Mean and standard deviation."""
    if stat is None:
        return _NOTHING
    mean = f"{scale * stat.mean:,.{digits}f}".replace("-", "−")
    return mean if stat.std is None else f"{mean} ± {scale * stat.std:.{digits}f}"


def si(value: float | None) -> str:
    """A number with an SI prefix."""
    return _NOTHING if value is None else _SI.format_data(value)


_LEVEL_COLUMNS = (
    "phase",
    "sparsity (%)",
    "weights kept",
    "parameters not pruned",
    "test (%)",
    "train (%)",
    "validation (%)",
    "dense FLOPs",
    "sparse FLOPs",
)


def level_cells(level: Level) -> list[str]:
    """What the headline says of a phase."""
    return [
        level.phase,
        percent_sparse(level.sparsity),
        _count(level.stat("kept")),
        _count(_parameters(level)),
        *(percent(level.stat(f"{split}.top1")) for split in ("test", "train", "validation")),
        *(si(stat.mean if (stat := level.stat(figure)) else None) for figure in ("dense_flops", "sparse_flops")),
    ]


def headline(groups: Sequence[Group], chosen: Sequence[Sequence[tuple[str, Level]]]) -> Table:
    """The phases `chosen` of each group, each with what it is."""
    blocks = [
        ("" if group.alone else group.name, [[what, *level_cells(level)] for what, level in levels])
        for group, levels in zip(groups, chosen, strict=True)
    ]
    several = any(len(group.runs) > 1 for group in groups)
    caption = (
        "Accuracy at the last epoch of the phase, evaluated without augmentation"
        + (", mean ± sample standard deviation over runs" if several else "")
        + "; train: on the labels the network is given. FLOPs of one forward pass of one example, a multiply-add "
        "counting 2; sparse FLOPs are theoretical: zeros alone do not make a dense kernel faster."
    )
    return Table("", ("network", *_LEVEL_COLUMNS), blocks, caption, text_columns=2)


def all_levels(groups: Sequence[Group]) -> Table:
    """Every phase of every group."""
    columns = (*_LEVEL_COLUMNS, "test at best epoch (%)", "runs")
    blocks = [
        (
            "" if group.alone else group.name,
            [
                [*level_cells(level), percent(level.stat("best_epoch.test_accuracy")), str(len(level.records))]
                for level in group.levels
            ],
        )
        for group in groups
    ]
    return Table("Show the table", columns, blocks, folded=True)


def _count(stat: Stat | None) -> str:
    return _NOTHING if stat is None else f"{stat.mean:,.0f}"


def _parameters(level: Level) -> Stat | None:
    return Stat.of(record["parameters"] * (1 - record["total_sparsity"]) for record in level.records)
