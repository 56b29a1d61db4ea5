"""Dense: ordinary training, the baseline."""

from __future__ import annotations

from dsd_tf.methods.plan import Facts, Phase
from dsd_tf.methods.spans import dense_phase
from dsd_tf.settings import Settings


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """One phase."""
    return [dense_phase(settings, facts)]
