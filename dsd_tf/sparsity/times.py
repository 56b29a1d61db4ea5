"""Times on the command line: "160ep", "500it" or "40%", parsed once into a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from dsd_tf.errors import UsageError

_FORM = re.compile(r"(\d+(?:\.\d+)?)(ep|it|%)")


@dataclass(frozen=True)
class Time:
    """A point in training: `amount` epochs ("ep"), steps ("it") or percent of all steps ("%")."""

    amount: Decimal
    unit: str

    @classmethod
    def parse(cls, text: str) -> Time:
        """The time that `text` says; "0" needs no unit.

        Raises:
            UsageError: for any other form, part of a step, or more than 100 %.
        """
        match = _FORM.fullmatch("0it" if text == "0" else text)
        if not match:
            raise UsageError(f"time {text!r}: give epochs as 160ep, steps as 500it, or a share of training as 40%")
        amount, unit = Decimal(match[1]), match[2]
        if unit == "it" and amount % 1:
            raise UsageError(f"time {text!r}: steps are whole numbers, such as 500it")
        if unit == "%" and amount > 100:
            raise UsageError(f"time {text!r}: give at most 100%")
        return cls(amount, unit)

    def steps(self, steps_per_epoch: int, total_steps: int) -> int:
        """The step this time falls on, rounded to the nearest."""
        whole = {"ep": Decimal(steps_per_epoch), "it": Decimal(1), "%": Decimal(total_steps) / 100}
        return round(self.amount * whole[self.unit])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"
