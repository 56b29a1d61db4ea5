"""Our optimizer classes are known to Keras whichever of the two a program imports first."""

from __future__ import annotations

import subprocess
import sys

import pytest

KNOWN = "assert keras.saving.get_registered_object('dsd_tf>TorchSGD').__name__ == 'TorchSGD'"


@pytest.mark.parametrize("imports", ["import keras, dsd_tf", "import dsd_tf, keras"])
def test_a_class_is_registered_once_keras_and_dsd_tf_are_imported_in_any_order(imports):
    subprocess.run([sys.executable, "-c", f"{imports}; {KNOWN}"], check=True)


def test_waiting_for_keras_does_not_change_how_other_modules_are_found():
    waiting = "import sys, dsd_tf; before = list(sys.meta_path); import colorsys; assert sys.meta_path == before"
    subprocess.run([sys.executable, "-c", waiting], check=True)


def test_after_keras_is_imported_nothing_waits_for_it_any_more():
    left = "[finder for finder in sys.meta_path if type(finder).__module__ == 'dsd_tf._keras_classes']"
    code = f"import sys, dsd_tf; assert len({left}) == 1; import keras; assert not {left}"
    subprocess.run([sys.executable, "-c", code], check=True)
