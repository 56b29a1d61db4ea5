"""Sparse training for Keras 3: prune, rewind, regrow, re-densify.

The names of `tensorflow_model_optimization.sparsity.keras` are here, for Keras 3: `import dsd_tf as
sparsity`, or `import dsd_tf as tfmot` for programs that say `tfmot.sparsity.keras`. They are imported when
first used, so that `import dsd_tf` itself does not load TensorFlow.
"""

from __future__ import annotations

import importlib

from dsd_tf import _keras_classes

__version__ = "0.1.0"

_EXPORTS = {
    "prune_low_magnitude": "dsd_tf.library.prune_low_magnitude",
    "strip_pruning": "dsd_tf.library.strip_pruning",
    "prune_scope": "dsd_tf.library.strip_pruning",
    "prune": "dsd_tf.library.one_shot",
    "PrunableLayer": "dsd_tf.library.prunable_layer",
    "PruningPolicy": "dsd_tf.library.policies",
    "PruneForLatencyOnXNNPack": "dsd_tf.library.xnnpack_policy",
    "PruningSchedule": "dsd_tf.sparsity.schedules",
    "ConstantSparsity": "dsd_tf.sparsity.schedules",
    "PolynomialDecay": "dsd_tf.sparsity.schedules",
    "DenseSparseDense": "dsd_tf.sparsity.schedules",
    "StepwiseLevels": "dsd_tf.sparsity.schedules",
    "UpdatePruningStep": "dsd_tf.training.callbacks.update_pruning_step",
    "PruningSummaries": "dsd_tf.training.callbacks.pruning_summaries",
    "Rewind": "dsd_tf.training.callbacks.rewind",
    "Regrow": "dsd_tf.training.callbacks.regrow",
    "DropAndGrow": "dsd_tf.training.callbacks.drop_and_grow",
    "Topology": "dsd_tf.sparsity.topology",
    "DropFraction": "dsd_tf.sparsity.topology",
    "Redensify": "dsd_tf.training.callbacks.redensify",
    "EDropout": "dsd_tf.edropout.callback",
    "UnitSearch": "dsd_tf.edropout.search",
    "SearchOptions": "dsd_tf.edropout.options",
    "compact": "dsd_tf.compression.compact",
    "list_kernels": "dsd_tf.training.kernels",
}
__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str):
    if name == "sparsity":  # tfmot.sparsity.keras
        return importlib.import_module("dsd_tf.sparsity")
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_EXPORTS[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})


_keras_classes.register()
