"""The stop rule of a run: when its ladder ends, and which of its networks it keeps."""

from __future__ import annotations

from typing import Any

from dsd_tf import registry
from dsd_tf.analysis.stop_rules import StopRule, require_validation
from dsd_tf.errors import UsageError
from dsd_tf.settings import Settings


def stop_rule(settings: Settings) -> StopRule:
    """The rule that `--stop_rule` names."""
    return registry.resolve("--stop_rule", registry.STOP_RULES, settings.stop_rule)(settings)


def check_stop_rule(settings: Settings, has_validation: bool) -> None:
    """Raises UsageError for a stop rule where there is no ladder to stop, or nothing to judge it by."""
    if settings.stop_rule != "none" and settings.method != "iterative":
        raise UsageError(
            f"--stop_rule={settings.stop_rule} ends a ladder of levels, and --method={settings.method} has none; "
            "use --method=iterative"
        )
    require_validation(settings, has_validation)


def final_record(settings: Settings, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of the network a run keeps: the rule's choice, without a rule that of the last phase."""
    return records[-1] if settings.stop_rule == "none" else stop_rule(settings).choose(records)
