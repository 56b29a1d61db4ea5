"""Fixtures of the training tests."""

from __future__ import annotations

import pytest
from tensorflow.python.framework import config


@pytest.fixture(autouse=True)
def no_op_determinism():
    """Runs switch it on for the whole process, and Keras then quietly leaves XLA out."""
    if config.is_op_determinism_enabled():
        config.disable_op_determinism()
