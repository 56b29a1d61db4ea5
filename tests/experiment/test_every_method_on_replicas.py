"""What every registered method must fulfil, it fulfils on two logical devices as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("test_every_method.py")
REFUSED = "edropout"  # searches on one device, and says so


@pytest.mark.slow
def test_every_method_passes_its_harness_on_two_replicas():
    # a process of its own: TensorFlow sets up its devices once
    arguments = [sys.executable, "-m", "pytest", "--quiet", str(HARNESS), "-k", f"not {REFUSED}"]
    environment = os.environ | {"DSD_TF_TEST_STRATEGY": "mirrored"}
    answer = subprocess.run(arguments, capture_output=True, text=True, env=environment, cwd=HARNESS.parents[2])
    assert answer.returncode == 0, answer.stdout
    assert " passed" in answer.stdout.splitlines()[-1]
