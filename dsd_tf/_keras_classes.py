"""Registers our classes with Keras as soon as a program imports Keras.

A model saved while it is pruned names its optimizer class, and `keras.models.load_model` finds only classes
that are registered. Importing them with `dsd_tf` would do, but load TensorFlow for programs that only ask for
`--help`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.abc import MetaPathFinder

_MODULE = "dsd_tf.training.optimizers"


def register() -> None:
    """Import the module that registers them: now if Keras is there already, else right after Keras."""
    if "keras" in sys.modules:
        importlib.import_module(_MODULE)
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module):
                execute(module)
                importlib.import_module(_MODULE)

            spec.loader.exec_module = execute_and_register
        return spec
