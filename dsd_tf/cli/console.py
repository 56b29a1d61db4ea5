"""How every command of `bin/` starts, fails and ends."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from absl import flags

from dsd_tf.errors import Diverged, UsageError, WorkersDiffer

EXIT_USAGE = 2
EXIT_DIVERGED = 3
EXIT_WORKERS = 4
EXIT_INTERRUPTED = 130

_HELP = ("-h", "-help", "--help", "--helpfull")
_WIDTH = 110


def start(
    main: Callable[[], dict[str, Any] | None],
    own_flags: list[str],
    about: str,
    exit_code: Callable[[dict[str, Any]], int] = lambda result: 0,
) -> NoReturn:
    """Parse the command line, run `main`, print what it returns as one line of JSON, the last on standard output.

    Bad input exits with 2 and one line on standard error, diverged training with 3, workers that are not at one with 4,
    Ctrl-C with 130; anything else that fails is ours and keeps its traceback. A result of None is not printed.
    `own_flags` are the defined flags that `--help` shows, in its order; `exit_code` may find in the result that not all
    went well.
    """
    if any(argument in _HELP for argument in sys.argv[1:]):
        print(help_text(own_flags, about))
        raise SystemExit(0)
    try:
        rest = flags.FLAGS(sys.argv)[1:]
        if rest:
            raise UsageError(f"{rest[0]!r} is not a flag: flags start with --; see --help")
        result = main()
    except (flags.Error, UsageError) as error:
        _fail(str(error), EXIT_USAGE)
    except Diverged as error:
        _fail(str(error), EXIT_DIVERGED)
    except WorkersDiffer as error:
        _fail(str(error), EXIT_WORKERS)
    except KeyboardInterrupt:
        _fail("interrupted; the same command continues", EXIT_INTERRUPTED)
    if result is None:
        raise SystemExit(0)
    print(json.dumps(result, sort_keys=True))
    raise SystemExit(exit_code(result))


def _fail(message: str, code: int) -> NoReturn:
    # absl prefixes some of its messages
    message = " ".join(message.split()).removeprefix("ERROR:: ")
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(code)


def last_words() -> Callable[[str], NoReturn]:
    """What ends the process from any thread, with one line on what is standard error now.

    For a lost worker: the main thread may be waiting for it inside TensorFlow, where no exception reaches it.
    """
    stderr = os.dup(2)

    def end(message: str) -> NoReturn:
        os.write(stderr, f"error: {message}\n".encode())
        os._exit(EXIT_WORKERS)

    return end


def help_text(names: list[str], about: str) -> str:
    """What `--help` prints: the command's description, then each flag with its default and meaning."""
    lines = [about.strip(), "", "Flags (any of them may stand in a file named by --flagfile=F, one per line):"]
    for name in names:
        flag = flags.FLAGS[name]
        shown = str(flag.value).lower() if flag.boolean else flag.value
        lines.append(f"  --{name}={shown if shown is not None else ''}")
        lines += textwrap.wrap(flag.help, _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Keep the chatter of TensorFlow's start-up off standard error; what it said is shown if the start fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except UsageError:
            raise
        except BaseException:
            sys.stderr.flush()
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
