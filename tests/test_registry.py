"""Names resolve to code on demand, and to a helpful error otherwise."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.registry import MODELS, resolve


@pytest.mark.parametrize("name", MODELS)
def test_every_registered_model_resolves_to_the_function_of_its_name(name):
    assert resolve("model", MODELS, name).__name__ == name


def test_an_unknown_name_is_answered_with_the_nearest_valid_one():
    with pytest.raises(UsageError, match="unknown model 'ResNet-18'; did you mean 'resnet18'"):
        resolve("model", MODELS, "ResNet-18")


def test_listing_the_names_imports_neither_tensorflow_nor_keras():
    program = "import sys, dsd_tf.registry; print({'tensorflow', 'keras'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
