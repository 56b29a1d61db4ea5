"""How every command starts, fails and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from absl import flags

from dsd_tf.cli.console import quiet_start, start
from dsd_tf.errors import Diverged, UsageError


@pytest.fixture
def command(call):
    """Calls a command that has the flags --size and --[no]fast and does what it is given."""

    def with_body(body, *arguments):
        def main():
            flags.DEFINE_integer("size", 3, "how large\nit is")
            flags.DEFINE_bool("fast", False, "hurry")
            start(body, ["size", "fast"], "Does something.")

        return call(main, *arguments)

    return with_body


def raising(error):
    def body():
        raise error

    return body


def test_the_result_is_the_last_line_as_json(command):
    def body():
        print("a table")
        return {"b": 1.5, "a": flags.FLAGS.size}

    answer = command(body, "--size=4")
    assert (answer.code, answer.err) == (0, [])
    assert answer.out == ["a table", '{"a": 4, "b": 1.5}']


def test_the_exit_code_may_depend_on_the_result(call):
    def main():
        start(lambda: {"failed": 2}, [], "Does something.", exit_code=lambda result: result["failed"])

    answer = call(main)
    assert (answer.code, answer.out, answer.err) == (2, ['{"failed": 2}'], [])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("no such thing\n  anywhere"), 2, "error: no such thing anywhere"),
        (Diverged("loss nan"), 3, "error: loss nan"),
        (KeyboardInterrupt(), 130, "error: interrupted; the same command continues"),
    ],
)
def test_a_failure_that_is_not_ours_is_one_line_and_an_exit_code(command, error, code, line):
    answer = command(raising(error))
    assert (answer.code, answer.out, answer.err) == (code, [], [line])


def test_a_failure_of_ours_keeps_its_traceback(command):
    with pytest.raises(ZeroDivisionError):
        command(raising(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--sise=4"], "Unknown command line flag 'sise'. Did you mean: size"),
        (["--size=four"], "flag --size=four: invalid literal"),
        (["--flagfile=missing.flags"], "Unable to open flagfile:"),
        (["size=4"], "'size=4' is not a flag: flags start with --; see --help"),
    ],
)
def test_a_bad_command_line_is_one_line_and_exit_code_2(command, arguments, part):
    answer = command(dict, *arguments)
    assert (answer.code, answer.out, len(answer.err)) == (2, [], 1)
    assert answer.err[0].startswith("error: ")
    assert part in answer.err[0]


def test_flags_may_stand_in_a_file_and_the_command_line_overrides_them(command, tmp_path):
    (tmp_path / "a.flags").write_text("# a comment\n--size=7\n--fast\n")

    def values():
        return {"size": flags.FLAGS.size, "fast": flags.FLAGS.fast}

    file = f"--flagfile={tmp_path / 'a.flags'}"
    assert json.loads(command(values, file, "--nofast").out[-1]) == {"size": 7, "fast": False}


@pytest.mark.parametrize("flag", ["--help", "-h", "--helpfull"])
def test_help_lists_the_flags_with_default_and_meaning_and_does_nothing(command, flag):
    answer = command(raising(AssertionError()), "--size=9", flag)
    assert (answer.code, answer.err) == (0, [])
    assert answer.out[0] == "Does something."
    assert answer.out[-4:] == ["  --size=3", "      how large it is", "  --fast=false", "      hurry"]


def test_chatter_at_start_up_is_kept_back():
    # in a process of its own: pytest's standard error is not file 2
    program = """
import os, sys
from dsd_tf.cli.console import quiet_start
with quiet_start():
    sys.stderr.write("from Python")
    os.write(2, b"from C")
print("afterwards", file=sys.stderr)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stderr == "afterwards\n"


def test_chatter_is_shown_if_the_start_fails(capfd):
    with pytest.raises(ImportError), quiet_start():
        os.write(2, b"cannot load libfoo\n")
        raise ImportError
    assert capfd.readouterr().err == "cannot load libfoo\n"
