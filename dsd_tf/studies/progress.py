"""One progress display for all runs of a study."""

from __future__ import annotations

from dsd_tf.reporting.progress import RunProgress
from dsd_tf.studies.directory import StudyRun

_PER_RUN = 1000
_SHOWN = 3


class StudyProgress:
    """How far `count` runs have come; every one counts alike for the remaining time."""

    def __init__(self, count: int):
        self._count, self._ended = count, 0
        self._shares: dict[str, float] = {}
        self._bar = RunProgress(_PER_RUN * count)

    def say(self, text: str) -> None:
        """A line of its own."""
        self._bar.say(text)

    def reach(self, name: str, share: float) -> None:
        """A run has come so far, of 1."""
        self._shares[name] = share
        self._show()

    def finish(self, run: StudyRun) -> None:
        """A run is complete."""
        summary = run.summary
        final, seconds = summary["results"]["final"], summary["timing"]["training_seconds"]
        figures = f"test {final['test_accuracy']:.2%}, sparsity {final['sparsity']:.2%}, {seconds:.1f} s"
        self._end(run.name, f"{run.name}: {figures}")

    def fail(self, run: StudyRun, error: str) -> None:
        """A run has failed."""
        self._end(run.name, f"{run.name} failed: {error}")

    def close(self) -> None:
        """Stop the display."""
        self._bar.close()

    def _end(self, name: str, text: str) -> None:
        self._shares.pop(name, None)
        self._ended += 1
        self._bar.say(f"[{self._ended}/{self._count}] {text}")
        self._show()

    def _show(self) -> None:
        self._bar.reach(round(_PER_RUN * (self._ended + sum(self._shares.values()))))
        active = [f"{name} {share:.0%}" for name, share in self._shares.items()]
        more = [f"{len(active) - _SHOWN} more"] if len(active) > _SHOWN else []
        self._bar.line(f"[{self._ended}/{self._count}] {', '.join(active[:_SHOWN] + more)}".rstrip())
