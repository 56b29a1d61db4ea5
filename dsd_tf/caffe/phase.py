"""Which layers of a network exist in the TEST phase: Caffe's include and exclude rules."""

from __future__ import annotations

from dsd_tf.caffe.message import Message

_PHASES = ("TRAIN", "TEST")
_LOWEST = -(2**31)


def in_test_phase(layer: Message, state: Message) -> bool:
    """Whether a layer belongs to the inference network. `state` (the network's own) gives level and stages.

    A rule without conditions matches every phase. Raises CaffeError for a layer with both kinds of rules.
    """
    include, exclude = layer.messages("include"), layer.messages("exclude")
    if include and exclude:
        raise layer.error("a layer has include rules or exclude rules, not both")
    if include:
        return any(_meets(rule, state) for rule in include)
    return not any(_meets(rule, state) for rule in exclude)


def _meets(rule: Message, state: Message) -> bool:
    level = state.integer("level", 0, least=_LOWEST)
    stages = state.strings("stage")
    return (
        rule.choice("phase", _PHASES, "TEST") == "TEST"
        and rule.integer("min_level", level, least=_LOWEST) <= level
        and level <= rule.integer("max_level", level, least=_LOWEST)
        and all(stage in stages for stage in rule.strings("stage"))
        and not any(stage in stages for stage in rule.strings("not_stage"))
    )
