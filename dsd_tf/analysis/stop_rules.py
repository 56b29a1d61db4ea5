"""When a sparsity ladder is over, and which of its networks is kept: judged by validation accuracy alone.

After Quetu & Tartaglione 2024 ("DSD2", AAAI), who stop at a drop of accuracy and, where the curve is not monotone,
only once the network's entropy says that the over-parametrised plateau is left. Their code has no stop rule: these are
readings of their figure, with its costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dsd_tf import registry
from dsd_tf.analysis.ladder import Record, rungs
from dsd_tf.errors import UsageError

if TYPE_CHECKING:
    from dsd_tf.settings import Settings

_ROUNDING = 1e-9
_CONSECUTIVE = 2


class StopRule(Protocol):
    """Both methods take the records of a run, or of its phases so far, from the dense network on; phases that made a
    network dense again are passed over. They raise UsageError where a record lacks what the rule looks at.
    """

    def reason_to_stop(self, records: Sequence[Record]) -> str:
        """Why the ladder is over after the last of `records`; empty if it goes on."""

    def choose(self, records: Sequence[Record]) -> Record:
        """The record of the network to keep if the ladder ends here."""


@dataclass(frozen=True)
class NoStop:
    """Climb down the whole ladder, keep the level of the best validation accuracy, the sparsest of equals."""

    def reason_to_stop(self, records: Sequence[Record]) -> str:
        return ""

    def choose(self, records: Sequence[Record]) -> Record:
        return _best(rungs(records))


@dataclass(frozen=True)
class AccuracyDrop:
    """Stop at the first level more than `tolerance` (a share, as .01) below the dense network; keep the one before."""

    tolerance: float

    def reason_to_stop(self, records: Sequence[Record]) -> str:
        ladder = rungs(records)
        if not self._too_low(ladder, ladder[-1]):
            return ""
        return (
            f"validation accuracy {_accuracy(ladder[-1]):.2%} is more than {100 * self.tolerance:g} pp below the "
            f"dense network's {_accuracy(ladder[0]):.2%}"
        )

    def choose(self, records: Sequence[Record]) -> Record:
        ladder = rungs(records)
        too_low = next((level for level, record in enumerate(ladder) if self._too_low(ladder, record)), len(ladder))
        return ladder[too_low - 1]

    def _too_low(self, ladder: Sequence[Record], record: Record) -> bool:
        return _accuracy(ladder[0]) - _accuracy(record) > self.tolerance + _ROUNDING


@dataclass(frozen=True)
class EntropyArmed:
    """Armed once network entropy was below (1 - `drop`) of the dense network's at two levels running; stop when the
    best validation accuracy since then is `patience` levels old; keep that best one, if never armed the best of all.
    """

    drop: float
    patience: int

    def reason_to_stop(self, records: Sequence[Record]) -> str:
        ladder = rungs(records)
        since = ladder[self._armed_at(ladder) :]
        best = max(since, key=_accuracy, default=None)
        if best is None or len(ladder) - 1 - ladder.index(best) < self.patience:
            return ""
        first_low = ladder[self._armed_at(ladder) - _CONSECUTIVE + 1]
        return (
            f"network entropy has been {self.drop:.0%} below the dense network's since {first_low['phase']}, and "
            f"validation accuracy has not risen above the {_accuracy(best):.2%} of {best['phase']} for "
            f"{self.patience} levels"
        )

    def choose(self, records: Sequence[Record]) -> Record:
        ladder = rungs(records)
        return _best(ladder[self._armed_at(ladder) :] or ladder)

    def _armed_at(self, ladder: Sequence[Record]) -> int:
        """The position of the level that arms the rule; behind the last one if none has yet."""
        low = [_entropy(record) < (1 - self.drop) * _entropy(ladder[0]) for record in ladder]
        ends = range(_CONSECUTIVE, len(low) + 1)
        return next((end - 1 for end in ends if all(low[end - _CONSECUTIVE : end])), len(low))


def none(settings: Settings) -> StopRule:
    """The rule `--stop_rule=none`."""
    return NoStop()


def accuracy(settings: Settings) -> StopRule:
    """The rule `--stop_rule=accuracy`."""
    return AccuracyDrop(settings.stop_tolerance / 100)


def entropy(settings: Settings) -> StopRule:
    """The rule `--stop_rule=entropy`."""
    return EntropyArmed(settings.stop_entropy_drop, settings.stop_patience)


def all_rules(settings: Settings) -> dict[str, StopRule]:
    """Every registered rule by name, with the settings' parameters."""
    return {name: registry.resolve("--stop_rule", registry.STOP_RULES, name)(settings) for name in registry.STOP_RULES}


def require_validation(settings: Settings, has_validation: bool) -> None:
    """Raises UsageError if the settings ask for a stop rule and there is no validation split to judge by."""
    if settings.stop_rule != "none" and not has_validation:
        raise UsageError(
            f"--stop_rule={settings.stop_rule} goes by validation accuracy, and data set {settings.dataset!r} has no "
            "validation split; give --validation_fraction"
        )


def _best(ladder: Sequence[Record]) -> Record:
    return max(reversed(ladder), key=_accuracy)


def _accuracy(record: Record) -> float:
    if "validation" not in record:
        raise UsageError(f"{record['phase']} has no validation accuracy: stop rules need --validation_fraction above 0")
    return record["validation"]["top1"]


def _entropy(record: Record) -> float:
    if not record.get("entropy"):
        raise UsageError(f"{record['phase']} has no entropy on record: the entropy stop rule needs it at every level")
    return record["entropy"]["mean"]
