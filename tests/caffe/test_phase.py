"""Caffe's include and exclude rules for the TEST phase."""

from __future__ import annotations

import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.phase import in_test_phase
from dsd_tf.caffe.prototxt import parse_prototxt


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("", True),
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN }", False),
        ("include { phase: 1 }", True),
        ("include { }", True),
        ("include {\n  # phase: TRAIN\n}", True),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ("exclude { phase: TEST }", False),
        ("exclude { phase: TRAIN }", True),
        ("exclude { phase: TRAIN } exclude { phase: TEST }", False),
        ("include { min_level: 1 }", False),
        ("include { min_level: -1 max_level: 0 }", True),
        ("include { max_level: -1 }", False),
        ('include { stage: "deploy" }', False),
        ('include { not_stage: "deploy" }', True),
        ('exclude { stage: "deploy" }', True),
        ('include { phase: TEST not_stage: "deploy" }', True),
    ],
)
def test_a_rule_holds_if_all_its_conditions_do(rules, kept):
    assert in_test_phase(parse_prototxt(rules), parse_prototxt("")) is kept


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ('include { stage: "deploy" }', True),
        ('include { stage: "deploy" stage: "other" }', False),
        ('include { not_stage: "deploy" }', False),
        ("include { min_level: 2 }", True),
        ("include { min_level: 3 }", False),
    ],
)
def test_the_networks_own_state_gives_level_and_stages(rules, kept):
    state = parse_prototxt('level: 2 stage: "deploy"')
    assert in_test_phase(parse_prototxt(rules), state) is kept


def test_both_kinds_of_rules_are_refused():
    with pytest.raises(CaffeError, match="include rules or exclude rules, not both"):
        in_test_phase(parse_prototxt("include { } exclude { }"), parse_prototxt(""))
