"""Commands of `bin/`, called in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from absl import flags


@dataclass
class Answer:
    """What a command left: exit code and the lines it printed."""

    code: int
    out: list[str]
    err: list[str]


@pytest.fixture
def fresh_flags():
    """Forget the flags a test defines: each command defines its own."""
    before = set(flags.FLAGS)
    yield
    _forget_all_but(before)


def _forget_all_but(names: set[str]) -> None:
    for name in set(flags.FLAGS) - names:
        delattr(flags.FLAGS, name)
    flags.FLAGS.unparse_flags()


@pytest.fixture
def call(fresh_flags, capfd, monkeypatch):
    """Calls a command's `main` with arguments."""

    def with_arguments(main: Callable[[], None], *arguments: str) -> Answer:
        before = set(flags.FLAGS)
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        _forget_all_but(before)
        captured = capfd.readouterr()
        return Answer(end.value.code, captured.out.splitlines(), captured.err.splitlines())

    return with_arguments
