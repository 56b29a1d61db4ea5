"""Commands find the project's virtual environment."""

from __future__ import annotations

import os
import sys

import pytest

from dsd_tf.cli import interpreter


@pytest.fixture
def started(monkeypatch):
    """What was executed in place of this program."""
    calls = []
    monkeypatch.setattr(os, "execv", lambda *call: calls.append(call))
    monkeypatch.setattr(sys, "argv", ["bin/train", "--seed=1"])
    return calls


@pytest.fixture
def without_tensorflow(monkeypatch):
    monkeypatch.setattr(interpreter.importlib.util, "find_spec", lambda name: None)


def environment(root):
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("")
    return python


def test_a_python_that_has_the_dependencies_is_kept(tmp_path, started):
    environment(tmp_path)
    interpreter.use_project_environment(tmp_path)
    assert started == []


def test_another_one_starts_the_command_over_in_the_projects_environment(tmp_path, started, without_tensorflow):
    python = environment(tmp_path)
    interpreter.use_project_environment(tmp_path)
    assert started == [(python, [str(python), "bin/train", "--seed=1"])]


def test_without_an_environment_it_says_how_to_make_one(tmp_path, started, without_tensorflow):
    with pytest.raises(SystemExit, match="error: TensorFlow is not installed for this Python: run `make install`"):
        interpreter.use_project_environment(tmp_path)


def test_an_environment_whose_installation_was_cut_short_is_not_started_over_and_over(
    tmp_path, started, without_tensorflow, monkeypatch
):
    environment(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    with pytest.raises(SystemExit, match="run `make install`"):
        interpreter.use_project_environment(tmp_path)
    assert started == []
