"""Reading and changing TensorFlow variables between training steps, with no copies of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_CHUNK = 1 << 20  # positions written at a time, to bound the memory their indices take


def values(variable: tf.Variable) -> np.ndarray:
    """The values as they are now, read-only: later changes to the variable do not reach the array.

    Not a copy where the variable is in main memory: TensorFlow copies shared values before it changes them.
    """
    array = np.asarray(tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype))
    array.flags.writeable = False
    return array


def replace(variables: Sequence[tf.Variable], array: np.ndarray) -> None:
    """Set all of `variables` to `array`."""
    tensor = tf.constant(array)  # a copy: given the array, the operation may go on using its memory
    for variable in variables:
        tf.raw_ops.AssignVariableOp(resource=variable.handle, value=tensor)


def clear(variables: Sequence[tf.Variable], where: np.ndarray) -> None:
    """Set `variables` to zero where `where`, a bool array of their shape, is True."""
    flat = where.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        found = np.flatnonzero(flat[start : start + _CHUNK])
        if found.size:
            _clear_at(variables, np.unravel_index(found + start, where.shape))


def _clear_at(variables: Sequence[tf.Variable], positions: Sequence[np.ndarray]) -> None:
    indices = np.stack(positions, axis=1)
    for variable in variables:
        zeros = np.zeros(len(indices), variable.dtype.as_numpy_dtype)
        tf.raw_ops.ResourceScatterNdUpdate(ref=variable.handle, indices=indices, updates=zeros)
        # a scatter leaves a variable in a mode in which every reading of it, as in every step, is a copy
        tf.raw_ops.DisableCopyOnRead(resource=variable.handle)
