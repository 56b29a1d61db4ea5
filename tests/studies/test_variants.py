"""Variants and references as text."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.studies.variants import Reference, parse_variants


def test_a_variant_is_a_name_and_flags_with_one_value_each():
    assert parse_variants(
        ["base:", " tuned : --retrain=finetune --finetune_lr=0.01", "patterns: --exclude='*a*,b c' --nesterov=true"]
    ) == {
        "base": {},
        "tuned": {"retrain": "finetune", "finetune_lr": 0.01},
        "patterns": {"exclude": "*a*,b c", "nesterov": True},
    }


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["--retrain=finetune"], "--variant=--retrain=finetune: give a name of letters"),
        (['"a: --seed=1"'], "no quotes around it in a flag file"),
        (["a b: --seed=1"], "give a name of letters"),
        (["a: seed=1"], "--variant=a: 'seed=1' is not of the form --flag=value"),
        (["a: --nesterov"], "--variant=a: '--nesterov' is not of the form --flag=value"),
        (["a: --retrian=scratch"], "unknown flag in --variant=a: 'retrian'; did you mean 'retrain'?"),
        (["a: --seed=0,1"], "--variant=a: --seed: '0,1' is not a whole number"),
        (["a: --seed=0 --seed=1"], "--variant=a gives --seed twice"),
        (["a: --exclude='b"], "--variant=a: No closing quotation"),
        (["a: --seed=0", "a: --seed=1"], "--variant=a is given twice"),
    ],
)
def test_other_text_is_refused(texts, problem):
    with pytest.raises(UsageError) as error:
        parse_variants(texts)
    assert problem in str(error.value)


def test_a_reference_names_a_variant_and_perhaps_a_file_of_its_run():
    assert Reference.parse("@dense") == Reference("dense", "")
    assert Reference.parse("@dense/model.keras") == Reference("dense", "/model.keras")


@pytest.mark.parametrize("value", ["runs/a", "", "a@b", 0, 0.5, True])
def test_other_values_are_no_references(value):
    assert Reference.parse(value) is None


@pytest.mark.parametrize("value", ["@", "@a b", "@/model.keras"])
def test_a_malformed_reference_is_refused(value):
    with pytest.raises(UsageError, match="is not a reference: give @VARIANT or @VARIANT/FILE"):
        Reference.parse(value)
