"""Progress with remaining time, on standard error: a live line on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LIVE_SECONDS = 0.1
_PLAIN_SECONDS = 15.0

_observer: ContextVar[Callable[[int, int], None] | None] = ContextVar("observer", default=None)


@contextlib.contextmanager
def observed_by(observer: Callable[[int, int], None]) -> Iterator[None]:
    """In the block, runs tell `observer` too how many steps they have reached, and of how many."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


class RunProgress:
    """How far a run of `total` steps has come; nothing is printed unless `shown`.

    Steps before the first that is reached do not count for the speed.
    """

    def __init__(self, total: int, *, shown: bool = True):
        self.total, self._done = total, 0
        self._first: int | None = None
        self._console = Console(file=sys.stderr, highlight=False, emoji=False, soft_wrap=True, quiet=not shown)
        self._started = self._shown = time.monotonic()
        self._label = ""
        self._live = shown and self._console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._task = self._bar.add_task("", total=total)
        self._bar.start()

    def say(self, text: str) -> None:
        """A line of its own."""
        self._console.print(text, markup=False)

    def phase(self, name: str, number: int, count: int) -> None:
        """Phase `name`, `number` of `count`, begins."""
        self._label = f"[{number}/{count}] {name}"
        self._bar.update(self._task, description=self._label.replace("[", r"\["))

    def reach(self, step: int) -> None:
        """`step` steps of the plan are done."""
        self._done = step
        if observer := _observer.get():
            observer(step, self.total)
        now = time.monotonic()
        if self._first is None:
            self._first, self._started = step, now
        if self._live and now - self._shown >= _LIVE_SECONDS:
            self._shown = now
            self._bar.update(self._task, completed=step)

    def epoch(self, record: Mapping[str, Any]) -> None:
        """An epoch ended with these figures."""
        test = f"test {record['test_accuracy']:.2%}, " if "test_accuracy" in record else ""
        text = (
            f"{self._label} epoch {record['epoch'] + 1}: loss {record['train_loss']:.4f}, accuracy train "
            f"{record['train_accuracy']:.2%}, {test}sparsity {record['sparsity']:.2%}"
        )
        self.line(text)

    def line(self, text: str) -> None:
        """`text` beside the bar on a terminal, elsewhere as a line if the last one is some seconds ago."""
        if self._live:
            self._bar.update(self._task, description=text.replace("[", r"\["), completed=self._done)
        elif time.monotonic() - self._shown >= _PLAIN_SECONDS:
            self._shown = time.monotonic()
            self.say(f"{text} | {self._done / self.total:.0%} done, {self._left()} left")

    def _left(self) -> str:
        steps = self._done - (self._first or 0)
        if steps < self.total / 100:
            return "unknown time"
        seconds = (self.total - self._done) * (time.monotonic() - self._started) / steps
        minutes, seconds = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}"

    def close(self) -> None:
        """Stop the display."""
        self._bar.stop()
