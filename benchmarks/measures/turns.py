"""What is compared takes turns in random order, so that other load on the machine changes all sides."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TypeVar

Side = TypeVar("Side")
Found = TypeVar("Found")

watch: ContextVar[Callable[[str], None]] = ContextVar("watch", default=lambda text: None)
"""Is told what goes on, for a display of progress."""


def take_turns(sides: Mapping[Side, Callable[[], Found]], rounds: int) -> dict[Side, list[Found]]:
    """What every side answers in each of so many rounds, and one before, which traces and is dropped."""
    found = {side: [] for side in sides}
    for number in range(rounds + 1):
        for side in random.sample(list(sides), len(sides)):
            watch.get()(f"{side if isinstance(side, str) else ', '.join(map(str, side))}, round {number} of {rounds}")
            answer = sides[side]()
            if number:
                found[side].append(answer)
    return found


def seconds(act: Callable[[], object]) -> Callable[[], float]:
    """A side that answers with the time it took."""

    def timed() -> float:
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    return timed
