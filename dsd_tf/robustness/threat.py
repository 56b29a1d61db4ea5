"""What an attacker may do to an image: move it by no more than epsilon, in units of pixels in [0, 1]."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from fractions import Fraction

from dsd_tf.errors import UsageError, unknown

NORMS = ("linf", "l2")

_EPSILON = {"linf": "8/255", "l2": "128/255"}
# step sizes go with epsilon: 2/255 of 8/255 (Madry et al. 2018), 15/255 of 128/255 (Rice et al. 2020)
_STEP_OF_EPSILON = {"linf": Fraction(1, 4), "l2": Fraction(15, 128)}


@dataclass(frozen=True)
class Threat:
    """All images within `epsilon` of the given one, in the norm `norm` over all of its pixels.

    Raises UsageError for an unknown norm, an epsilon that reaches beyond the range of pixels, and for linf's usual
    epsilon in l2, where it moves next to nothing.
    """

    norm: str
    epsilon: float

    def __post_init__(self):
        if self.norm not in NORMS:
            raise unknown("norm", self.norm, NORMS)
        if not 0 < self.epsilon < math.inf or (self.norm == "linf" and self.epsilon > 1):
            raise UsageError(
                f"{self.norm} epsilon {self.epsilon:g} is outside the range of pixels, which are in [0, 1]; "
                f"usual is {_EPSILON[self.norm]}"
            )
        if self.norm == "l2" and math.isclose(self.epsilon, Fraction(_EPSILON["linf"]), rel_tol=1e-3):
            raise UsageError(
                f"epsilon {_EPSILON['linf']} is linf's: in l2 it moves next to nothing; usual is {_EPSILON['l2']}"
            )

    @classmethod
    def parse(cls, norm: str, epsilon: str) -> Threat:
        """`epsilon` as a number or a fraction; empty for the usual one: 8/255 (linf), 128/255 (l2)."""
        return cls(norm, parse_number("epsilon", epsilon or _EPSILON.get(norm, "1")))

    @property
    def step(self) -> float:
        """The usual step size of an iterative attack: 2/255 for linf at 8/255, 15/255 for l2 at 128/255."""
        return self.epsilon * float(_STEP_OF_EPSILON[self.norm])

    def check_fits(self, image_shape: tuple[int, ...]) -> None:
        """Raises UsageError if epsilon is more than what lies between a black and a white image of this shape."""
        most = math.sqrt(math.prod(image_shape)) if self.norm == "l2" else 1.0
        if self.epsilon > most:
            size = "x".join(map(str, image_shape))
            raise UsageError(f"{self} is outside the range of pixels: images of {size} are at most {most:.4g} apart")

    def __str__(self) -> str:
        return f"{self.norm} epsilon {self.epsilon:.4g}"


def parse_number(what: str, text: str) -> float:
    """A number written as 0.03 or 8/255; UsageError, naming `what`, for anything else."""
    with contextlib.suppress(ValueError, ZeroDivisionError):
        return float(Fraction(text.replace(" ", "")))
    raise UsageError(f"{what} {text!r} is not a number or a fraction such as 8/255")
