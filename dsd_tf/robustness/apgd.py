"""Auto-PGD: projected gradient ascent with momentum that halves its steps when they no longer help.

Croce & Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks",
algorithm 1 and section 3, with their constants.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from dsd_tf.robustness.balls import Ball, ball
from dsd_tf.robustness.choice import choose
from dsd_tf.robustness.losses import Logits, Loss, Verdict, judge
from dsd_tf.robustness.threat import Threat

_MOMENTUM = 0.75
_ENOUGH_RISES = 0.75
_FIRST_WINDOW, _SHORTENING, _LEAST_WINDOW = 0.22, 0.03, 0.06


class _Point(NamedTuple):
    """Images [B, H, W, C] with their losses [B] and the losses' gradients."""

    images: tf.Tensor
    losses: tf.Tensor
    gradient: tf.Tensor


class _State(NamedTuple):
    """Where each image's search is; all first axes are [B]."""

    now: _Point
    before: tf.Tensor
    best: _Point
    fooling: tf.Tensor  # the last point that was taken for another class
    fooled: tf.Tensor
    step: tf.Tensor  # [B, 1, 1, 1]
    rises: tf.Tensor
    best_loss_at_check: tf.Tensor
    halved_at_check: tf.Tensor


@dataclass(frozen=True)
class Apgd:
    """`steps` steps up `loss`, the first of twice epsilon, from a random start.

    Gives a point that fools the network if any on the way did, else the one with the highest loss.
    """

    threat: Threat
    loss: Loss
    steps: int = 100

    @property
    def passes(self) -> int:
        """How many times `logits` is called, and gone back through."""
        return self.steps + 1

    def __call__(self, logits: Logits, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Adversarial images, as `images` float32 [B, H, W, C] in [0, 1]; labels: int32 [B]; seed: int32 [2]."""
        around = ball(self.threat)
        windows = tf.constant(windows_ending_at(self.steps), tf.float32)

        def search(number: tf.Tensor, state: _State) -> tuple[tf.Tensor, _State]:
            points = tf.ensure_shape(_move(around, images, state, first=number == 0), images.shape)
            state = _arrive(state, points, judge(logits, self.loss, points, labels))
            return number + 1, _check(state, windows[number + 1])

        start = tf.ensure_shape(around.start(images, seed), images.shape)
        state = self._begin(start, judge(logits, self.loss, start, labels))
        _, end = tf.while_loop(lambda number, _: number < self.steps, search, (0, state), parallel_iterations=1)
        return choose(end.fooled, end.fooling, end.best.images)

    def _begin(self, start: tf.Tensor, verdict: Verdict) -> _State:
        point = _Point(start, verdict.losses, verdict.gradient)
        zeros = tf.zeros_like(verdict.losses)
        return _State(
            now=point,
            before=start,
            best=point,
            fooling=start,
            fooled=verdict.fooled,
            step=tf.zeros_like(start[:, :1, :1, :1]) + 2 * self.threat.epsilon,
            rises=zeros,
            best_loss_at_check=verdict.losses,
            halved_at_check=tf.zeros_like(zeros, tf.bool),
        )


def windows_ending_at(steps: int) -> list[int]:
    """For each step 0..steps the length of the window that ends there, 0 where none does."""
    lengths = [0] * (steps + 1)
    ends = itertools.takewhile(lambda end: end <= steps, _window_ends(steps))
    for begin, end in itertools.pairwise(itertools.chain([0], ends)):
        lengths[end] = end - begin
    return lengths


def _window_ends(steps: int) -> Iterator[int]:
    share, length = _FIRST_WINDOW, _FIRST_WINDOW
    while True:
        yield math.ceil(round(share * steps, 9))
        length = max(length - _SHORTENING, _LEAST_WINDOW)
        share += length


def _move(around: Ball, images: tf.Tensor, state: _State, first: tf.Tensor) -> tf.Tensor:
    now = state.now.images
    ahead = around.project(now + state.step * around.direction(state.now.gradient), images)
    share = tf.where(first, 1.0, _MOMENTUM)
    return around.project(now + share * (ahead - now) + (1 - share) * (now - state.before), images)


def _arrive(state: _State, points: tf.Tensor, verdict: Verdict) -> _State:
    there = _Point(points, verdict.losses, verdict.gradient)
    higher = there.losses > state.best.losses
    return state._replace(
        now=there,
        before=state.now.images,
        best=_either(higher, there, state.best),
        fooling=choose(verdict.fooled, points, state.fooling),
        fooled=state.fooled | verdict.fooled,
        rises=state.rises + tf.cast(there.losses > state.now.losses, tf.float32),
    )


def _check(state: _State, window: tf.Tensor) -> _State:
    """At the end of a window: halve the steps that rose too seldom or found nothing, and go on from the best point."""
    due = window > 0
    too_few = state.rises < _ENOUGH_RISES * window
    stuck = ~state.halved_at_check & (state.best.losses == state.best_loss_at_check)
    halve = due & (too_few | stuck)
    return state._replace(
        now=_either(halve, state.best, state.now),
        step=choose(halve, state.step / 2, state.step),
        rises=tf.where(due, 0.0, state.rises),
        best_loss_at_check=tf.where(due, state.best.losses, state.best_loss_at_check),
        halved_at_check=tf.where(due, halve, state.halved_at_check),
    )


def _either(which: tf.Tensor, first: _Point, second: _Point) -> _Point:
    return _Point(*(choose(which, one, other) for one, other in zip(first, second, strict=True)))
