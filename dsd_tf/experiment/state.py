"""The state of training as named arrays, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dsd_tf import randomness
from dsd_tf.errors import UsageError

_META = "meta"


def pack(meta: Mapping[str, Any], **groups: list[keras.Variable]) -> dict[str, np.ndarray]:
    """`meta` (JSON values) and the values of each group of variables, under names `read_meta` and `restore` know."""
    arrays = {_META: np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for group, variables in groups.items():
        arrays |= {f"{group}/{index}": np.asarray(variable) for index, variable in enumerate(variables)}
    return arrays


def read_meta(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The JSON values `pack` was given."""
    return json.loads(arrays[_META].tobytes())


def restore(arrays: Mapping[str, np.ndarray], **groups: list[keras.Variable]) -> None:
    """Assign the stored values to each group of variables.

    Raises:
        UsageError: if a value is missing or of another shape, that is, of another model; names the variable.
    """
    for group, variables in groups.items():
        for index, variable in enumerate(variables):
            value = arrays.get(f"{group}/{index}")
            if value is None or value.shape != tuple(variable.shape):
                found = "nothing" if value is None else value.shape
                raise UsageError(
                    f"stored state is of another model: {variable.path} needs {tuple(variable.shape)}, found {found}"
                )
        for index, variable in enumerate(variables):
            variable.assign(arrays[f"{group}/{index}"])


def seed_dropout(model: keras.Model, seed: int, phase: int) -> None:
    """Give the model's random generators (dropout) the state of the beginning of phase number `phase`."""
    weights = {id(variable) for variable in model.weights}
    generators = [variable for variable in model.variables if id(variable) not in weights]
    for index, variable in enumerate(generators):
        stream = randomness.generator(seed, "dropout", phase, index)
        variable.assign(stream.integers(0, 2**31, variable.shape).astype(variable.dtype))
